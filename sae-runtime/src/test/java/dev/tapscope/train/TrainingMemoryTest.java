package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.step.Dimensions;
import dev.tapscope.step.StepMemory;
import dev.tapscope.tap.TapscopeException;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static TrainingMemory of(String recipe) {
    return of(recipe, new FirstDensity(0.25, 0.5));
  }

  private static TrainingMemory of(String recipe, FirstDensity density) {
    return TrainingMemory.of(
        Recipe.of(Words.line("The test", "site=res.3 width=1000 " + recipe)),
        100,
        100,
        StepMemory.of(new Dimensions(100, 1000, 100), 200, 3, density.active(), density.kept()));
  }

  /** 1000 (100 + 100 + 1 + 1) + 100 parameters, each with one moment, or with two. */
  @Test
  void countsArraysAndLists() {
    TrainingMemory one = of("");
    assertEquals(2 * 4 * 202_100 + 8 * 2001, one.arrays());
    assertEquals(3 * 4 * 202_100 + 8 * 2001, of("beta1=0.9").arrays());
    long kept = 200 * 1000 * 3 / 4 * 5 / 4; // and what is active of it, a quarter more
    long lists = 8 * (kept + 3 * 132 * 1024); // a block for each thread
    long encoder = 3 * 132 * 100; // a block of features for each thread
    long left = 528 * 200 + 3 * 132 * (100 + 3 * 512); // to decode; to sum, for each thread
    assertEquals(lists + 4 * (encoder + left), one.lists());
    long sparse = 2 * 200 * 100 + 8 * 100; // rows, errors; for each block what goes to the inputs
    assertEquals(4 * sparse, of("", new FirstDensity(0.05, 0.1)).step());
    long products = 528 * 100 + 200 * 300; // to decode; inputs and errors, once and twice
    long dense = sparse + products + 3 * 132 * 200; // sums, for each thread
    assertEquals(4 * dense, one.step());
    TrainingMemory rows = TrainingMemory.ofRows(7777, 100, 0, 200);
    assertEquals(7777 + 2 * 4 * 200 * 100, rows.rows());
    TrainingMemory both = one.and(of("")).and(rows);
    assertEquals(
        2 * one.arrays() + rows.rows() + 2 * one.step(), both.arrays() + both.rows() + both.step());
    assertEquals(one.writing(), both.writing(), "one after the other");
  }

  @Test
  void isRefusedBeforeItIsTaken() {
    TrainingMemory one = of("");
    long heap = (long) (one.lists() / 0.95);
    long outside = one.arrays() + one.step() + one.writing();
    assertDoesNotThrow(() -> one.check(outside, heap));
    TapscopeException e = assertThrows(TapscopeException.class, () -> one.check(outside - 1, heap));
    assertEquals("memory", e.id());
    assertTrue(
        e.getMessage().contains("JAVA_TOOL_OPTIONS=-XX:MaxDirectMemorySize="), e.getMessage());
    assertTrue(
        assertThrows(TapscopeException.class, () -> one.check(outside, heap - 1))
            .getMessage()
            .contains("JAVA_TOOL_OPTIONS=-Xmx"));
  }
}
