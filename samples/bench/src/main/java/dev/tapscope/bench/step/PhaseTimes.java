package dev.tapscope.bench.step;

import dev.tapscope.step.Phase;
import dev.tapscope.step.PhaseClock;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How long threads have spent on a processor in each phase, added up over the threads. */
final class PhaseTimes implements PhaseClock {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Map<Phase, LongAdder> nanos = new EnumMap<>(Phase.class);
  private final ThreadLocal<Long> began = new ThreadLocal<>();

  PhaseTimes() {
    for (Phase phase : Phase.values()) {
      nanos.put(phase, new LongAdder());
    }
  }

  @Override
  public void begins(Phase phase) {
    began.set(THREADS.getCurrentThreadCpuTime());
  }

  @Override
  public void ends(Phase phase) {
    nanos.get(phase).add(THREADS.getCurrentThreadCpuTime() - began.get());
  }

  /** Milliseconds since it was last asked. */
  double take(Phase phase) {
    return nanos.get(phase).sumThenReset() / 1e6;
  }
}
