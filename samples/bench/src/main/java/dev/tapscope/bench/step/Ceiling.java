package dev.tapscope.bench.step;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** What a core can do at most: fused multiply-adds on registers alone, enough of them at a time. */
final class Ceiling {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int CHAINS = 12;
  private static final int REPETITIONS = 4_000_000;

  private final float[] results;

  Ceiling(int threads) {
    results = new float[threads * SPECIES.length()];
  }

  /** Billions of additions and multiplications per second and thread, all threads at once. */
  double measure() {
    int threads = results.length / SPECIES.length();
    double[] rates = new double[threads];
    Thread[] running =
        IntStream.range(0, threads)
            .mapToObj(t -> Thread.ofPlatform().start(() -> rates[t] = rate(t * SPECIES.length())))
            .toArray(Thread[]::new);
    try {
      for (Thread thread : running) {
        thread.join();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("The benchmark was interrupted.", e);
    }
    return Arrays.stream(rates).average().orElseThrow();
  }

  private double rate(int at) {
    long began = THREADS.getCurrentThreadCpuTime();
    multiply(REPETITIONS).intoArray(results, at);
    long taken = THREADS.getCurrentThreadCpuTime() - began;
    return 2.0 * CHAINS * SPECIES.length() * REPETITIONS / taken;
  }

  private static FloatVector multiply(int repetitions) {
    FloatVector factor = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector addend = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a.add(0.1f);
    FloatVector c = a.add(0.2f);
    FloatVector d = a.add(0.3f);
    FloatVector e = a.add(0.4f);
    FloatVector f = a.add(0.5f);
    FloatVector g = a.add(0.6f);
    FloatVector h = a.add(0.7f);
    FloatVector i = a.add(0.8f);
    FloatVector j = a.add(0.9f);
    FloatVector k = a.add(1.1f);
    FloatVector l = a.add(1.2f);
    for (int n = 0; n < repetitions; n++) {
      a = a.fma(factor, addend);
      b = b.fma(factor, addend);
      c = c.fma(factor, addend);
      d = d.fma(factor, addend);
      e = e.fma(factor, addend);
      f = f.fma(factor, addend);
      g = g.fma(factor, addend);
      h = h.fma(factor, addend);
      i = i.fma(factor, addend);
      j = j.fma(factor, addend);
      k = k.fma(factor, addend);
      l = l.fma(factor, addend);
    }
    return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l);
  }
}
