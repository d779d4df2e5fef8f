package dev.tapscope.kernel;

/** The choice between the implementations. */
public final class Kernels {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  private Kernels() {}

  /** The loops that everything else is judged by. */
  public static SaeKernels plain() {
    return new PlainKernels();
  }

  /**
   * Vector kernels where this JVM has the Vector API, plain ones elsewhere. Whoever runs them says
   * so with {@link #advice}.
   */
  public static SaeKernels best() {
    return vectorApi() ? new VectorKernels() : plain();
  }

  /** One sentence for the user when {@link #best()} has to be slow, or the empty string. */
  public static String advice() {
    return vectorApi()
        ? ""
        : "SAEs run by plain loops, because this JVM was started without the Vector API;"
            + " add --add-modules "
            + VECTOR_MODULE
            + " to the java command for the fast ones.";
  }

  private static boolean vectorApi() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
  }
}
