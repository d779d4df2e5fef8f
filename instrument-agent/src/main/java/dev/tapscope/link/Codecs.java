package dev.tapscope.link;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.tap.TensorCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** Finds the codec a profile names, beside the model's classes or beside the agent's. */
public final class Codecs {
  private Codecs() {}

  /**
   * The codec of that name.
   *
   * @param model the loader of the model's classes
   * @throws TapscopeException {@code codec-missing}
   */
  public static TensorCodec find(String name, ClassLoader model) {
    List<TensorCodec> all = new ArrayList<>();
    ServiceLoader.load(TensorCodec.class, model).forEach(all::add);
    ServiceLoader.load(TensorCodec.class, Codecs.class.getClassLoader()).forEach(all::add);
    Optional<TensorCodec> found = all.stream().filter(c -> c.name().equals(name)).findFirst();
    return found.orElseThrow(() ->
        TapscopeException.check(
            "codec-missing",
            "The profile reads a value 'as "
                + name
                + "', and no TensorCodec of that name is on the class path"
                + (all.isEmpty()
                    ? "; there is none at all"
                    : "; there are "
                        + String.join(
                            ", ", new TreeSet<>(all.stream().map(TensorCodec::name).toList())))
                + ". Add the jar that has it, with its entry under META-INF/services."));
  }
}
