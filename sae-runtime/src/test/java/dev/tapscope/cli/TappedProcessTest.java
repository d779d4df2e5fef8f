package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the commands are shell scripts")
class TappedProcessTest {
  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final ByteArrayOutputStream echo = new ByteArrayOutputStream();
  private TappedProcess process;
  private Path agent;

  @BeforeEach
  void prepare() throws IOException {
    agent = Files.createFile(Files.createDirectory(folder.resolve("a b")).resolve("agent.jar"));
    Path none = folder.resolve("none.jar");
    process =
        new TappedProcess(
            new Places(agent, none, none), Screens.of(OutputStream.nullOutputStream(), err));
  }

  @Test
  void handsTheAgentOverWithPathsQuoted() throws IOException {
    String output = shell("printf '%s' \"$JAVA_TOOL_OPTIONS\"", new AgentOptions());
    assertTrue(
        output.contains("--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED \""),
        output);
    assertTrue(output.contains("\"-javaagent:" + agent + "=@/"), output);
    assertTrue(output.endsWith(".properties\""), output);
  }

  @Test
  void writesOptionsThatEveryPropertiesReaderReadsBack() throws IOException {
    AgentOptions options =
        new AgentOptions()
            .set("profile", "gemma2")
            .set("sae.l9", "res.3 /a b/c=d:e#f!g\\h/é日")
            .set("edit.1", "steer l9/76 1x @token:\" Paris\n\"")
            .set("out", "  lead");
    String file = shell("f=${JAVA_TOOL_OPTIONS##*=@}; cat \"${f%?}\"", options);
    Properties read = new Properties();
    read.load(new StringReader(file));
    assertEquals(options.values(), Map.copyOf(asMap(read)));
  }

  @Test
  void streamsOutputAndFiltersWhatOurOptionsMakeTheJvmSay() throws IOException {
    String output =
        shell(
            "echo 'Picked up JAVA_TOOL_OPTIONS: x' >&2; echo real >&2; echo 'WARNING: Using"
                + " incubator modules: jdk.incubator.vector' >&2; printf 'é\\n'",
            new AgentOptions());
    assertEquals("é\n", output);
    assertEquals("é\n", echo.toString(StandardCharsets.UTF_8));
    assertEquals("real\n", err.toString(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2", "3, 3", "134, 1"})
  void handsTheExitCodeOn(int exit, int expected) {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> shell("exit " + exit, new AgentOptions()));
    assertEquals("command-failed", e.id());
    assertEquals(expected, e.exit());
    assertTrue(e.getMessage().contains("exit code " + exit), e.getMessage());
  }

  @Test
  void namesACommandThatCannotBeStarted() {
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> process.run(List.of("/no/such/program"), new AgentOptions(), echo));
    assertEquals("command-unstartable", e.id());
    assertTrue(e.getMessage().contains("/no/such/program"), e.getMessage());
  }

  private String shell(String script, AgentOptions options) throws IOException {
    return process.run(List.of("sh", "-c", script), options, echo).output();
  }

  private static Map<String, String> asMap(Properties properties) {
    return properties.stringPropertyNames().stream()
        .collect(Collectors.toMap(k -> k, properties::getProperty));
  }
}
