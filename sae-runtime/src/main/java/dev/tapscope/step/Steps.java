package dev.tapscope.step;

/** The choice between the implementations. */
public final class Steps {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  private Steps() {}

  /**
   * Loops in double that everything else is judged by; its state is {@code F64}.
   *
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining plain(Dimensions dimensions, Method method) {
    return new PlainSae(dimensions, method, false);
  }

  /**
   * Sparse steps in float where this JVM has the Vector API, plain ones elsewhere. Whoever runs
   * them says so with {@link #advice}.
   *
   * @param threads that take part; the bits of the results do not depend on it
   * @throws IllegalArgumentException when the method does not fit the sizes
   */
  public static SaeInTraining best(Dimensions dimensions, Method method, int threads) {
    return vectorApi()
        ? new SparseSae(dimensions, method, threads, PhaseClock.NONE, true)
        : plain(dimensions, method);
  }

  /** One sentence for the user when {@link #best} has to be slow, or the empty string. */
  public static String advice() {
    return vectorApi()
        ? ""
        : "SAEs are trained by plain loops, because this JVM was started without the Vector API;"
            + " add --add-modules "
            + VECTOR_MODULE
            + " to the java command for the fast ones.";
  }

  private static boolean vectorApi() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
  }
}
