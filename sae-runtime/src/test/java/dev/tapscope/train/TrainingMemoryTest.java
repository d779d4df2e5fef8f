package dev.tapscope.train;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static TrainingMemory of(String recipe) {
    return TrainingMemory.of(
        Recipe.of(Words.line("The test", "site=res.3 width=1000 " + recipe)), 100, 100, 200);
  }

  /** 1000 (100 + 100 + 1 + 1) + 100 parameters, each with one moment, or with two. */
  @Test
  void countsArraysAndLists() {
    TrainingMemory one = of("");
    assertEquals(2 * 4 * 202_100 + 8 * 2001, one.arrays());
    assertEquals(3 * 4 * 202_100 + 8 * 2001, of("beta1=0.9").arrays());
    assertEquals(4 * 200 * 300, one.step());
    assertEquals(2 * 8 * 200 * 1000 * 5 / 8, one.lists(), "half of all, and a quarter more");
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
    long outside = one.arrays() + one.step() + one.writing();
    assertDoesNotThrow(() -> one.check(outside, one.lists()));
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> one.check(outside - 1, one.lists()));
    assertEquals("memory", e.id());
    assertTrue(
        e.getMessage().contains("JAVA_TOOL_OPTIONS=-XX:MaxDirectMemorySize="), e.getMessage());
    assertTrue(
        assertThrows(TapscopeException.class, () -> one.check(outside, one.lists() - 1))
            .getMessage()
            .contains("JAVA_TOOL_OPTIONS=-Xmx"));
  }
}
