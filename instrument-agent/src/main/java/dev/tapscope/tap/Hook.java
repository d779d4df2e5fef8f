package dev.tapscope.tap;

/**
 * Called on the model's own thread each time the model computes the value at an address.
 *
 * <p>An exception lets the value pass through as the model computed it (rows already written are
 * put back), is counted and reported, and makes the run fail when it closes. A {@link
 * TapscopeException} means the run cannot go on as asked (a width that does not fit, say): the run
 * folder is closed and the JVM ends with the exception's exit code.
 */
@FunctionalInterface
public interface Hook {
  void on(Activation activation);
}
