package dev.tapscope.run;

/** What the tokens tap shows, asked for only while taps are on; may fail like {@link Shown}. */
public interface PassStart {
  int[] tokens() throws Throwable;

  /** Position of the first token. */
  int start() throws Throwable;

  /** The cache object, or the current thread where the profile names none or the model has none. */
  Object sequence() throws Throwable;
}
