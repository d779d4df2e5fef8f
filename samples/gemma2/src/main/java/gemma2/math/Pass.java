package gemma2.math;

/**
 * The products that passes through a model come to, time and again and mostly in the same order. So
 * a thread that has nothing to do reads what the next product will begin with: memory, which sets
 * the speed where one token is decoded, works on while norms and attention are computed, and a
 * thread that is awake need not be woken. What it reads so is limited; then it sleeps.
 *
 * <p>The order is learned: what came after a product the last time is expected after it again. A
 * wrong guess costs some bytes read for nothing, and never changes a result.
 *
 * <p>Any number of threads may compute steps, as {@link Workers} has it.
 */
public final class Pass {

  private final Workers workers;

  /** What the calling thread reads. Only who has the workers touches it, and the order of steps. */
  private final Reading own = new Reading();

  private Step last = new Step(Source.NOTHING);

  /** The products of passes that these threads share. */
  public Pass(Workers workers) {
    this.workers = workers;
  }

  /** What a product will read. */
  @FunctionalInterface
  public interface Source {

    /** Nothing that is worth reading before it is needed. */
    Source NOTHING = (from, to, step) -> false;

    /**
     * Reads a little of what results {@code from} to {@code to - 1} are computed from, and does
     * nothing with it. Takes well under a microsecond: only then it is seen that there is something
     * to do.
     *
     * @param step 0 for what is needed first, 1 for what comes after it, and so on
     * @return whether there is more that is worth it
     */
    boolean readAhead(int from, int to, int step);
  }

  /** A product of these passes. */
  public Step step(Source source) {
    return new Step(source);
  }

  /** A product that comes again in every pass. */
  public final class Step {

    private final Source source;
    private final Pieces pieces = new Pieces();

    /** What came after this one the last time. */
    private Step next = this;

    private Step(Source source) {
      this.source = source;
    }

    /**
     * As {@link Workers#split(int, long, long, Workers.Part, Object, Object, Object)} has it, and
     * says what to read meanwhile.
     */
    public <A, B, C> void split(
        int count, long work, long setup, Workers.Part<A, B, C> part, A a, B b, C c) {
      workers.split(this, count, work, setup, part, a, b, c);
    }

    Source source() {
      return source;
    }

    Pieces pieces() {
      return pieces;
    }

    /** What the calling thread reads while it waits for the others. */
    Reading own() {
      return own;
    }

    /** This step is computed now. Says which one to expect after it. */
    Step come() {
      last.next = this;
      last = this;
      own.begin(next.source, 0, next.pieces.end(0));
      return next;
    }
  }
}
