package dev.tapscope.cuda;

/** The GPU could not do what it was asked; the message is a sentence with the remedy. */
public class GpuException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public GpuException(String sentence) {
    super(sentence);
  }

  GpuException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
