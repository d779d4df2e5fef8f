package dev.tapscope.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubjectTest {
  private static final Tapping TAPPING = new Tapping();

  @TempDir Path temporary;

  /** Taps that do not fire would cost nothing, and look splendid. */
  @ParameterizedTest
  @ValueSource(strings = {"gemma2-prompt", "gemma2-generate", "jlama-generate", "fires"})
  void everyVariantFiresAsOftenAsItIsSaid(String name) throws ReflectiveOperationException {
    Workload workload = new Workloads(temporary, 1 << 20).named(name);
    List<Variant> fired = new ArrayList<>();
    for (Variant variant : workload.variants()) {
      try (Subject subject = Subject.of(workload, variant, TAPPING, temporary, 1 << 20)) {
        subject.repeat();
        subject.repeat();
        assertEquals(2 * subject.expectedFires(workload), subject.fires(), variant.words());
        if (subject.fires() > 0) {
          fired.add(variant);
        }
      }
    }
    List<Variant> hooked =
        workload.variants().stream().filter(v -> v.woven() && v != Variant.OFF).toList();
    assertEquals(hooked, fired);
  }

  @Test
  void eachVariantHasClassesOfItsOwn() throws ClassNotFoundException {
    String work = "dev.tapscope.bench.work.ReplayWork";
    Class<?> one = new VariantLoader(Optional.empty()).loadClass(work);
    Class<?> two = new VariantLoader(Optional.empty()).loadClass(work);
    assertNotSame(one, two);
    assertSame(Work.class, one.getInterfaces()[0]);
  }

  /** The copy that capture is held against is one of the same bytes. */
  @Test
  void thePlainCopyKeepsEveryByte() throws Exception {
    Workload workload = new Workloads(temporary, 1).named("rows-tiny");
    try (Subject subject = Subject.of(workload, Variant.COPY, TAPPING, temporary, 1)) {
      subject.repeat();
    }
    // A bound of one byte: each block is written when it comes, over the one before.
    try (Stream<Path> files = Files.list(temporary)) {
      Path copy = files.filter(f -> f.toString().endsWith(".copy")).findFirst().orElseThrow();
      assertEquals(workload.bytes() / workload.fires(), Files.size(copy));
    }
  }
}
