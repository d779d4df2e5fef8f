package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong ends with an exit code, an id and a sentence of its own. */
class AgentFailuresIT {
  @TempDir Path folder;

  private String profile(String from, String to) throws IOException {
    String text = TinyProfile.text();
    assertTrue(text.contains(from), from);
    return "profile=" + Files.writeString(folder.resolve("tiny.taps"), text.replace(from, to));
  }

  private String profile() throws IOException {
    return profile("tiny", "tiny");
  }

  private ChildJvm child() {
    return new ChildJvm(ChildJvm.thisJava(), folder).brief();
  }

  private Path out() {
    return folder.resolve("run");
  }

  private Result run(String options, String... arguments) {
    return child().agent(options).run(arguments);
  }

  private Result capture(String profile, String sites, String... arguments) {
    return run(profile + ",capture=" + sites + ",out=" + out(), arguments);
  }

  private static void assertFailed(int exit, List<String> ids, String words, Result result) {
    assertEquals(ids, result.ids(), result.err());
    assertEquals(exit, result.exit(), result.err());
    assertTrue(result.err().contains(words), result.err());
  }

  private void assertNothingRan(Result result) {
    assertEquals("", result.out());
    assertFalse(Files.exists(out()), "a folder was left behind");
  }

  private Map<String, Object> runJson() throws IOException {
    return Json.object(Files.readString(out().resolve("run.json")));
  }

  @Test
  void aProfileForAnotherClass() throws IOException {
    Result result =
        capture(profile("targets.TinyModel$Block.forward", "targets.Other.forward"), "res.*");
    assertFailed(
        3,
        List.of("class-never-loaded"),
        "Class targets.Other, which profile 'tiny' names at res, was never loaded",
        result);
    assertTrue(result.out().contains("generated"), "the model itself ran");
    assertEquals("failed", runJson().get("state"));
    assertEquals(7, Shard.readAll(out(), "activations").get(0).tensor("tokens").ints().length);
  }

  @Test
  void aProfileForAnotherMethod() throws IOException {
    Result result = capture(profile("TinyModel.finish(", "TinyModel.complete("), "res.*");
    assertFailed(3, List.of("method-missing", "profile-misfit"), "complete", result);
    assertNothingRan(result);
  }

  @Test
  void anotherNumberOfCallsThanThereAre() throws IOException {
    Result result =
        capture(
            profile("after  store local mid 1 of 1", "after  call TinyModel.add 3 of 3"), "res.*");
    assertFailed(3, List.of("call-count", "profile-misfit"), "3", result);
    assertNothingRan(result);
  }

  @Test
  void aMisfitIsAWarningWhenAsked() throws IOException {
    String lenient = profile("TinyModel.finish(", "TinyModel.complete(") + ",strict=false";
    Result result = capture(lenient, "res.*");
    assertEquals(List.of(), result.ids());
    assertEquals(0, result.exit(), result.err());
    assertTrue(result.err().contains("tapscope: warning: [method-missing]"), result.err());
    assertEquals(
        List.of(7L, 8L), Shard.readAll(out(), "activations").get(0).tensor("res.2").shape());
  }

  @Test
  void withoutTokensNothingCanBeDone() throws IOException {
    String lenient = profile("TinyModel.forward(", "TinyModel.backward(") + ",strict=false";
    Result result = capture(lenient, "res.*");
    assertFailed(3, List.of("profile-misfit"), "Without 'tokens'", result);
    assertNothingRan(result);
  }

  @Test
  void anUnknownSite() throws IOException {
    Result result = capture(profile(), "ress.*");
    assertFailed(3, List.of("site-unknown"), "res", result);
    assertNothingRan(result);
  }

  @Test
  void aLayerTheModelDoesNotHave() throws IOException {
    Result result = capture(profile(), "res.2-4");
    assertFailed(
        3, List.of("site-never-fired"), "Site res.3, res.4 was asked for and never fired", result);
    assertEquals("failed", runJson().get("state"));
  }

  @Test
  void aSiteThatIsNeverReached() throws IOException {
    Result result =
        capture(
            profile(
                """
                tap mlp
                  in     targets.TinyModel$Block.forward(float[][], int, Cache)
                  after  store local mlp 1 of 1
                  value  local mlp
                  layer  this.layer
                """,
                """
                tap mlp
                  in     targets.TinyModel.neverCalled(float[][])
                  at     entry
                  value  arg 0
                  layer  0
                """),
            "mlp.*");
    assertFailed(3, List.of("site-never-fired"), "Site mlp (any layer)", result);
  }

  @Test
  void aPassThatFails() throws IOException {
    Result result = capture(profile(), "res.*", "prompt=1,40");
    assertFailed(3, List.of("pass-failed"), "positions 0 to 1", result);
    assertEquals(List.of(), Shard.readAll(out(), "activations"));
    assertEquals(
        List.of(Map.of("pass", 0L, "sequence", 0L, "start", 0L, "positions", 2L)),
        runJson().get("aborted_passes"));
  }

  @Test
  void aFolderThatCannotBeWritten() throws IOException {
    Files.writeString(folder.resolve("file"), "x");
    Result result = run(profile() + ",capture=res.*,out=" + folder.resolve("file/run"));
    assertFailed(1, List.of("out-unwritable"), "cannot be written", result);
    assertNothingRan(result);
  }

  @Test
  void aFolderThatExists() throws IOException {
    Files.createDirectory(out());
    Result result = capture(profile(), "res.*");
    assertFailed(1, List.of("out-exists"), "out.overwrite=true", result);
    assertEquals("", result.out());
  }

  @Test
  void anUnknownOption() throws IOException {
    Result result = run(profile() + ",captur=res.*");
    assertFailed(2, List.of("option-unknown"), "the nearest is 'capture'", result);
    assertNothingRan(result);
  }

  @Test
  void noOptions() {
    Result result = child().flag("-javaagent:" + ChildJvm.agentJar()).run();
    assertFailed(2, List.of("option-missing"), "gemma2", result);
    assertNothingRan(result);
  }

  @Test
  void aProfileThatIsNotThere() {
    Result result = run("profile=gemma3");
    assertFailed(
        2, List.of("profile-unknown"), "the built-in ones are gemma2, jlama-gemma2", result);
    assertNothingRan(result);
  }

  @Test
  void anSaeOnJava17() throws IOException {
    Result result =
        new ChildJvm(ChildJvm.mavensJava(), folder)
            .agent(profile() + ",sae.r=res.1 sae.npz,out=" + out())
            .run();
    assertFailed(1, List.of("java-version"), "need Java 25, and this is Java 17", result);
    assertNothingRan(result);
  }

  @Test
  void noRuntime() throws IOException {
    Result result = run(profile() + ",edit.1=zero res.1,runtime=" + folder.resolve("no.jar"));
    assertFailed(1, List.of("runtime-missing"), "no.jar", result);
    assertNothingRan(result);
  }

  @Test
  void aRuntimeThatIsNone() throws IOException {
    Path jar = ChildJvm.jar(folder.resolve("empty.jar"), Map.of(), Map.of());
    Result result = run(profile() + ",edit.1=zero res.1,runtime=" + jar);
    assertFailed(1, List.of("runtime-unusable"), "META-INF/services", result);
    assertNothingRan(result);
  }

  private String planted(String what) throws IOException {
    return profile() + ",out=" + out() + ",runtime=" + Planted.jar(folder) + ",edit.1=" + what;
  }

  @Test
  void anOptionTheRuntimeRefuses() throws IOException {
    Result result = run(planted("refuse"));
    assertFailed(2, List.of("planted"), "This is not understood.", result);
    assertNothingRan(result);
  }

  @Test
  void aRuntimeThatFails() throws IOException {
    Result result = run(planted("bug"));
    assertFailed(1, List.of("agent-failed"), "IllegalStateException: planted", result);
    assertNothingRan(result);
  }

  @Test
  void aHookThatThrows() throws IOException {
    Result alone = child().run();
    Result result = run(planted("throw") + ",capture=res.*");
    assertFailed(
        1, List.of("hook-failed", "hook-failed"), "A hook at res.1 failed 5 times", result);
    assertEquals(alone.out(), result.out(), "the model goes on with its own values");
    assertEquals("failed", runJson().get("state"));
    assertEquals(7, Shard.readAll(out(), "activations").get(0).tensor("tokens").ints().length);
  }

  @Test
  void aHookThatEndsTheRun() throws IOException {
    Result result = run(planted("fatal") + ",capture=res.*");
    assertFailed(1, List.of("planted"), "The run is told to end.", result);
    assertFalse(result.out().contains("generated"), "the model must not go on");
    assertEquals("failed", runJson().get("state"));
    Shard shard = Shard.readAll(out(), "activations").get(0);
    assertEquals(4, shard.tensor("tokens").ints().length, "two passes had ended");
  }

  @Test
  void aValueThatF16CannotHold() throws IOException {
    Result result = run(planted("huge") + ",capture=res.*,capture.dtype=f16");
    assertFailed(1, List.of("f16-overflow"), "Value 1000000.0 at column 0 of res.1", result);
    assertEquals("failed", runJson().get("state"));
  }
}
