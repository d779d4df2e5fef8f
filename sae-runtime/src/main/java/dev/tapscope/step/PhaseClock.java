package dev.tapscope.step;

/** Is told what a thread works on, by the thread itself: for benchmarks. */
public interface PhaseClock {
  /** For all who do not measure. */
  PhaseClock NONE =
      new PhaseClock() {
        @Override
        public void begins(Phase phase) {}

        @Override
        public void ends(Phase phase) {}
      };

  void begins(Phase phase);

  void ends(Phase phase);
}
