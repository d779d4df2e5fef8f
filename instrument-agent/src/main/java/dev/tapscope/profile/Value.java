package dev.tapscope.profile;

import java.util.List;
import java.util.Optional;

/** What a site shows. Text forms are those of a profile. */
public sealed interface Value {
  /** The operand handed to the woven call, and stored back where its root can be assigned. */
  Operand tapped();

  /** Further operands the value needs, in the order they are passed. */
  List<Operand> captures();

  /**
   * A value of the model as it is.
   *
   * @param codec how rows are read from a foreign tensor type; empty for the built-in types
   */
  record Plain(Operand tapped, Optional<String> codec) implements Value {
    @Override
    public List<Operand> captures() {
      return List.of();
    }

    @Override
    public String toString() {
      return tapped + inCodec(codec);
    }
  }

  /**
   * What a call gives back, where the call itself may be left out: {@code value return like call
   * arg N}. A result that has to be made without the call takes its form from that argument. Only
   * around a call.
   *
   * @param like {@code call arg N}
   * @param codec how rows are read from a foreign tensor type; empty for the built-in types
   */
  record Result(Operand.Root.CallArg like, Optional<String> codec) implements Value {
    @Override
    public Operand tapped() {
      return Operand.of(new Operand.Root.Return());
    }

    @Override
    public List<Operand> captures() {
      return List.of();
    }

    @Override
    public String toString() {
      return "return like " + like + inCodec(codec);
    }
  }

  /**
   * A derived value with its inverse: {@code value rms SOURCE eps EPS into TARGET gain GAIN}. Row x
   * of SOURCE shows as {@code x / sqrt(mean(x^2) + eps)} (RMSNorm without its gain); writing row y
   * sets the row of TARGET to {@code y * gain}, element by element. This is where Gemma Scope's
   * transcoders read (arXiv 2408.05147, appendix B).
   *
   * @param source rows before the norm
   * @param eps the norm's epsilon, a float
   * @param tapped TARGET, rows after the norm
   * @param gain the norm's weight as it is multiplied ({@code 1 + w} in Gemma), {@code float[]}
   */
  record Rms(Operand source, Operand eps, Operand tapped, Operand gain) implements Value {
    @Override
    public List<Operand> captures() {
      return List.of(source, eps, gain);
    }

    @Override
    public String toString() {
      return "rms " + source + " eps " + eps + " into " + tapped + " gain " + gain;
    }
  }

  /**
   * A derived value with its inverse: {@code value scaled OPERAND by FACTOR}. Row x shows as {@code
   * x * s}; writing row y sets the row to {@code y / s}. So a tool that has the factor in its
   * tensor meets a model that applies it later: Mishax's {@code QUERIES} are {@code q} times the
   * attention scale.
   *
   * @param tapped the rows as the model has them
   * @param factor a number other than 0: {@code float}, {@code double} or {@code int}
   */
  record Scaled(Operand tapped, Operand factor) implements Value {
    @Override
    public List<Operand> captures() {
      return List.of(factor);
    }

    @Override
    public String toString() {
      return "scaled " + tapped + " by " + factor;
    }
  }

  private static String inCodec(Optional<String> codec) {
    return codec.map(name -> " as " + name).orElse("");
  }
}
