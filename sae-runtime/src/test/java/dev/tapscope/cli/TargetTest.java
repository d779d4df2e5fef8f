package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class TargetTest {
  @TempDir private Path folder;

  private static TapscopeException refused(long pid) {
    return assertThrows(TapscopeException.class, () -> Target.of(pid).close());
  }

  @Test
  void aProcessThatIsNotThereIsSaid() throws Exception {
    Process ended = new ProcessBuilder(Places.java().toString(), "-version").start();
    ended.waitFor();
    TapscopeException missing = refused(ended.pid());
    assertEquals("pid-missing", missing.id());
    assertTrue(missing.getMessage().contains("there is no such process"), missing.getMessage());
  }

  @Test
  void thisProcessIsNotTheModels() {
    assertEquals("attach-self", refused(ProcessHandle.current().pid()).id());
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the process is sleep")
  void aProcessThatIsNoJvmIsSaid() throws IOException {
    Process sleep = new ProcessBuilder("sleep", "60").start();
    try {
      TapscopeException refused = refused(sleep.pid());
      assertEquals("attach-refused", refused.id());
      assertTrue(refused.getMessage().contains("It has to be a HotSpot JVM"), refused.getMessage());
    } finally {
      sleep.destroy();
    }
  }

  @Test
  void aJvmThatTakesNoAgentIsSaid() throws Exception {
    Path wait = folder.resolve("Wait.java");
    Files.writeString(
        wait,
        "class Wait { public static void main(String[] a) throws Exception {"
            + " System.out.println(); Thread.sleep(60_000); } }");
    for (Map.Entry<String, String> flag :
        Map.of(
                "-XX:+DisableAttachMechanism", "attach-refused",
                "-XX:-EnableDynamicAgentLoading", "attach-agent")
            .entrySet()) {
      Process jvm =
          new ProcessBuilder(Places.java().toString(), flag.getKey(), wait.toString()).start();
      try {
        assertEquals('\n', jvm.getInputStream().read(), "it runs");
        TapscopeException refused =
            assertThrows(
                TapscopeException.class,
                () -> {
                  try (Target target = Target.of(jvm.pid())) {
                    target.command(folder.resolve("agent.jar"), "profile=gemma2");
                  }
                });
        assertEquals(flag.getValue(), refused.id(), refused.getMessage());
      } finally {
        jvm.destroy();
      }
    }
  }

  @Test
  void pathsAreThoseOfTheCommandsFolder() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Map<String, String> options =
        LiveOptions.read(
                List.of(
                    "profile=gemma2",
                    "capture=res.*+att.0",
                    "out=run1",
                    "sae.l9=res.3 sae/l9",
                    "edit.1=mean mlp.4 means.npy @last",
                    "edit.2=patch res.4 @last from france#0@last",
                    "edit.3=steer l9/76 1.25x @prompt"))
            .values();
    assertEquals("gemma2", options.get("profile"));
    assertEquals("res.*+att.0", options.get("capture"));
    assertEquals(here.resolve("run1").toString(), options.get("out"));
    assertEquals("res.3 " + here.resolve("sae/l9"), options.get("sae.l9"));
    assertEquals("mean mlp.4 " + here.resolve("means.npy") + " @last", options.get("edit.1"));
    assertEquals(
        "patch res.4 @last from " + here.resolve("france") + "#0@last", options.get("edit.2"));
    assertEquals("steer l9/76 1.25x @prompt", options.get("edit.3"));
  }
}
