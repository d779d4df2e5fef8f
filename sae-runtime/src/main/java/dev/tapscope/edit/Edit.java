package dev.tapscope.edit;

import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;

/** One intervention. {@code toString} gives the words {@link #parse} reads. */
public sealed interface Edit {

  /**
   * Reads {@code OP TARGET [VALUE] [@SCOPE]}, or {@code patch TARGET [@SCOPE] from
   * RUN#SEQUENCE@WHERE}.
   *
   * @throws TapscopeException {@code edit-syntax}, with the column and the nearest word
   */
  static Edit parse(String text) {
    return new EditParser(text).edit();
  }

  Scope scope();

  /** The same edit with a relative path taken from this folder. */
  default Edit in(Path folder) {
    return this;
  }

  /** {@code @prompt}, or nothing for the default scope. */
  private static String suffix(Scope scope) {
    return scope.equals(Scope.DEFAULT) ? "" : " @" + scope;
  }

  /** An edit through an SAE of the run. */
  sealed interface OfSae extends Edit {
    /** Name of the SAE. */
    String sae();
  }

  /** An edit of one feature; it keeps what the SAE does not explain. */
  sealed interface OfFeature extends OfSae {
    Feature feature();

    @Override
    default String sae() {
      return feature().sae();
    }
  }

  /** Adds so much of the feature's decoder row. */
  record Steer(Feature feature, Strength strength, Scope scope) implements OfFeature {
    @Override
    public String toString() {
      return "steer " + feature + " " + strength + suffix(scope);
    }
  }

  /** Takes the feature's contribution away. */
  record Ablate(Feature feature, Scope scope) implements OfFeature {
    @Override
    public String toString() {
      return "ablate " + feature + suffix(scope);
    }
  }

  /**
   * Moves the feature's contribution to a fixed strength.
   *
   * @param whereActive only where the feature is active
   */
  record Clamp(Feature feature, Strength strength, boolean whereActive, Scope scope)
      implements OfFeature {
    @Override
    public String toString() {
      String op = whereActive ? "clamp-active " : "clamp ";
      return op + feature + " " + strength + suffix(scope);
    }
  }

  /**
   * Puts the reconstruction in the place of the activation.
   *
   * @param error whether what the SAE does not explain is added back, which leaves the activation
   *     as it is until a feature is edited
   */
  record Splice(String sae, boolean error, Scope scope) implements OfSae {
    @Override
    public String toString() {
      return "splice " + sae + (error ? " error" : "") + suffix(scope);
    }
  }

  /** An edit of whole rows, without an SAE. */
  sealed interface OfRows extends Edit {
    /** One address or a selection: {@code att.2}, {@code mlp.*}. */
    String address();
  }

  /** Sets activations to zero. */
  record Zero(String address, Scope scope) implements OfRows {
    @Override
    public String toString() {
      return "zero " + address + suffix(scope);
    }
  }

  /**
   * Puts a mean in the place of activations.
   *
   * @param source a file that holds the mean, or a run folder whose rows are averaged
   */
  record Mean(String address, Path source, Scope scope) implements OfRows {
    @Override
    public Mean in(Path folder) {
      return new Mean(address, folder.resolve(source), scope);
    }

    @Override
    public String toString() {
      return "mean " + address + " " + Quoted.path(source) + suffix(scope);
    }
  }

  /**
   * Adds a vector to activations.
   *
   * @param file that holds it
   */
  record Add(String address, Path file, Scope scope) implements OfRows {
    @Override
    public Add in(Path folder) {
      return new Add(address, folder.resolve(file), scope);
    }

    @Override
    public String toString() {
      return "add " + address + " " + Quoted.path(file) + suffix(scope);
    }
  }

  /** Puts activations of another run in the place of these. */
  record Patch(String address, Scope scope, Donor donor) implements OfRows {
    @Override
    public Patch in(Path folder) {
      return new Patch(address, scope, donor.in(folder));
    }

    @Override
    public String toString() {
      return "patch " + address + suffix(scope) + " from " + donor;
    }
  }
}
