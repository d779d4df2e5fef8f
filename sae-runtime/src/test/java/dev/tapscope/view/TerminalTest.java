package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.view.Terminal.Choice;
import dev.tapscope.view.Terminal.Colours;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "COLORTERM=truecolor TERM=xterm               | AUTO   | true  | TRUE",
        "COLORTERM=24bit                              | AUTO   | true  | TRUE",
        "TERM=xterm-256color                          | AUTO   | true  | PALETTE",
        "TERM=xterm                                   | AUTO   | true  | NONE",
        "TERM=dumb COLORTERM=truecolor                | AUTO   | true  | NONE",
        "COLORTERM=truecolor                          | AUTO   | false | NONE",
        "COLORTERM=truecolor NO_COLOR=1               | AUTO   | true  | NONE",
        "COLORTERM=truecolor NO_COLOR=                | AUTO   | true  | TRUE",
        "COLORTERM=truecolor CLICOLOR=0               | AUTO   | true  | NONE",
        "COLORTERM=truecolor CLICOLOR_FORCE=1         | AUTO   | false | TRUE",
        "CLICOLOR_FORCE=1                             | AUTO   | false | PALETTE",
        "COLORTERM=truecolor CLICOLOR_FORCE=0         | AUTO   | false | NONE",
        "COLORTERM=truecolor CLICOLOR_FORCE=1 NO_COLOR=1 | AUTO | true | NONE",
        "COLORTERM=truecolor NO_COLOR=1               | ALWAYS | false | TRUE",
        "TERM=xterm                                   | ALWAYS | false | PALETTE",
        "COLORTERM=truecolor CLICOLOR_FORCE=1         | NEVER  | true  | NONE",
      })
  void choosesColours(String environment, Choice choice, boolean interactive, Colours expected) {
    Map<String, String> variables =
        Arrays.stream(environment.split(" "))
            .map(pair -> pair.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    assertEquals(
        expected, Terminal.detect(variables, choice, interactive, OptionalInt.empty()).colours());
  }

  @Test
  void takesItsWidthFromTheTerminalThenTheEnvironment() {
    assertEquals(132, columns(Map.of("COLUMNS", "80"), OptionalInt.of(132)));
    assertEquals(80, columns(Map.of("COLUMNS", "80"), OptionalInt.empty()));
    assertEquals(100, columns(Map.of("COLUMNS", "wide"), OptionalInt.empty()));
    assertEquals(40, columns(Map.of(), OptionalInt.of(7)));
  }

  @Test
  void knowsALightBackground() {
    assertTrue(detect(Map.of("COLORFGBG", "15;0")).dark());
    assertFalse(detect(Map.of("COLORFGBG", "0;15")).dark());
    assertFalse(detect(Map.of("COLORFGBG", "0;default;15")).dark());
    assertTrue(detect(Map.of()).dark());
  }

  private static int columns(Map<String, String> environment, OptionalInt columns) {
    return Terminal.detect(environment, Choice.AUTO, true, columns).columns();
  }

  private static Terminal detect(Map<String, String> environment) {
    return Terminal.detect(environment, Choice.AUTO, true, OptionalInt.empty());
  }
}
