package dev.tapscope.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.Address;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FireCountsTest {
  private static final Map<Address, Long> FIRED =
      Map.of(Address.of("res", 0), 2L, Address.of("res", 1), 2L, Address.of("embed"), 1L);

  private static List<String> differences(String... lines) {
    return FireCounts.parse(lines).differences(FIRED);
  }

  @Test
  void theExactMultisetHasNoDifferences() {
    assertEquals(List.of(), differences("res.0-1 2", "embed 1", "logits 0", "att.3 0"));
  }

  @Test
  void aMissingFireATooManyAndALayerNobodyNamedAreDifferences() {
    assertEquals(
        List.of(
            "embed fired 1 times, and 0 were wanted",
            "logits fired 0 times, and 1 were wanted",
            "res.0 fired 2 times, and 3 were wanted",
            "res.1 fired 2 times, and 0 were wanted"),
        differences("res.0 3", "embed 0", "logits 1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"res.*", "res.0", "res.0-1", "3", "res.0 x", "res.0 1 2", ""})
  void whatSaysNoCountIsRefused(String line) {
    TapscopeException refused = assertThrows(TapscopeException.class, () -> FireCounts.parse(line));
    assertTrue(refused.getMessage().contains("'" + line + "'"), refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "res.3-0 2",
        "res.0-99999999 1",
        "res.99999999999 1",
        "res.0 99999999999999999999"
      })
  void whatCanNotBeCountedIsRefused(String line) {
    TapscopeException refused = assertThrows(TapscopeException.class, () -> FireCounts.parse(line));
    assertTrue(refused.getMessage().contains("'" + line + "'"), refused.getMessage());
  }

  @Test
  void twoCountsOfOneAddressAreRefused() {
    TapscopeException refused =
        assertThrows(TapscopeException.class, () -> FireCounts.parse("res.0-3 2", "res.2 4"));
    assertTrue(refused.getMessage().contains("res.2"), refused.getMessage());
  }
}
