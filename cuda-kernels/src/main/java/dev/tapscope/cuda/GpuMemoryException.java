package dev.tapscope.cuda;

/** The GPU has too little free memory; with smaller batches it may have enough. */
public final class GpuMemoryException extends GpuException {
  private static final long serialVersionUID = 1;

  private final long wanted;

  GpuMemoryException(String sentence, long wanted) {
    super(sentence);
    this.wanted = wanted;
  }

  /** Bytes of the allocation that failed. */
  public long wanted() {
    return wanted;
  }
}
