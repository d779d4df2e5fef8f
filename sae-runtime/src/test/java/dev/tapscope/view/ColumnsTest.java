package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ColumnsTest {
  @Test
  void countsTerminalColumns() {
    assertEquals(3, Columns.of("abc"));
    assertEquals(4, Columns.of("日本"));
    assertEquals(2, Columns.of("😀"));
    assertEquals(1, Columns.of("e\u0301")); // a combining accent takes no column
    assertEquals(1, Columns.of("↵"));
    assertEquals(2, Columns.of("한"));
  }

  @Test
  void cutsBetweenCharacters() {
    assertEquals("日…", Columns.cut("日本語", 4));
    assertEquals("日本語", Columns.cut("日本語", 6));
    assertEquals("日本…", Columns.fit("日本語", 5));
    assertEquals("日… ", Columns.fit("日本語", 4));
    assertEquals("ab  ", Columns.fit("ab", 4));
  }
}
