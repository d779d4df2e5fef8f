package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.Json;
import dev.tapscope.testing.RunningModel;
import dev.tapscope.testing.RunningModel.State;
import dev.tapscope.testing.Shard;
import dev.tapscope.testing.TinyProfile;
import dev.tapscope.weave.Fingerprint;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/** The packaged agent, attached to a model that runs already. */
class AttachIT {
  private static final List<String> WOVEN =
      List.of("TinyModel", "TinyModel$Block", "TinyModel$Sampler", "TinyModel$Vocabulary");

  @TempDir Path folder;
  private Path profile;

  @BeforeEach
  void writeProfile() throws IOException {
    profile = Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
  }

  private ChildJvm child(int version) {
    Path java = version == 25 ? ChildJvm.thisJava() : ChildJvm.mavensJava();
    return new ChildJvm(java, folder);
  }

  private String options(String out, String more) {
    return "profile=" + profile + ",capture=res.*+logits,out=" + folder.resolve(out) + more;
  }

  private Map<String, Object> run(String out) throws IOException {
    return Json.object(Files.readString(folder.resolve(out).resolve("run.json")));
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void aRunningModelIsTappedAndGivenBack(int version) throws Exception {
    try (RunningModel model = RunningModel.start(child(version), folder, "threads=3", "n=6")) {
      Set<String> proofs = new HashSet<>();
      for (String out : List.of("first", "second", "third")) {
        State attached = model.agent(options(out, ",passes=40"));
        assertNotEquals("refused", attached.state(), attached.text());
        State ended = model.awaitDetached();
        assertEquals(0, ended.exit(), ended.text());
        checkCapture(out);
        proofs.add(checkProof(ended));
        model.awaitMoreLines(20);
      }
      assertEquals(1, proofs.size(), "each run leaves the very same code: " + proofs);
      Set<String> said = new HashSet<>(model.lines("out.txt"));
      assertTrue(said.remove("java " + version));
      assertEquals(1, said.size(), "every text is the same, tapped or not: " + said);
      assertTrue(model.alive());
    }
  }

  /** Whole passes only, in which the residual stream of one block is what the next is given. */
  private void checkCapture(String out) throws IOException {
    Map<String, Object> run = run(out);
    assertEquals("complete", run.get("state"));
    assertEquals(List.of(), run.get("problems"));
    long passes = (long) run.get("passes");
    assertTrue(passes >= 40 && passes < 40 + 3, "each of three threads ends the pass it is in");
    List<Shard> shards = Shard.readAll(folder.resolve(out), "activations");
    long rows = 0;
    for (Shard shard : shards) {
      rows += shard.tensor("res.2").shape().get(0);
      assertEquals(shard.tensor("res.0").shape().get(0), shard.tensor("res.2").shape().get(0));
      assertEquals(shard.tensor("tokens").shape().get(0), shard.tensor("res.2").shape().get(0));
    }
    assertEquals(run.get("positions"), rows);
  }

  private static byte[] original(String name) throws IOException {
    try (InputStream in = targets.TinyModel.class.getResourceAsStream(name + ".class")) {
      return in.readAllBytes();
    }
  }

  /**
   * The hashes are of class files the JVM makes of the code it has loaded, so they are no file's;
   * {@link #theCodeInMemoryIsTheOriginalAgain} looks at the code itself.
   */
  private static String checkProof(State ended) {
    String text = ended.text();
    assertTrue(text.contains("\n5 classes have their original bytecode back: sha256 "), text);
    for (String name : WOVEN) {
      Pattern line = Pattern.compile("(?m)^  [0-9a-f]{64}  targets[.]" + Pattern.quote(name) + "$");
      assertTrue(line.matcher(text).find(), text);
    }
    return text.substring(text.indexOf("\n5 classes have"));
  }

  /** What HotSpot itself holds in memory, read from outside by its serviceability agent. */
  @Test
  void theCodeInMemoryIsTheOriginalAgain() throws Exception {
    try (RunningModel model = RunningModel.start(child(25), folder, "n=4")) {
      assertEquals("attached", model.agent(options("run", "")).state());
      Map<String, String> woven = codeInMemory(model.pid(), "woven");
      State ended = model.agent("detach");
      assertEquals("detached", ended.state(), ended.text());
      Map<String, String> restored = codeInMemory(model.pid(), "restored");
      Map<String, String> original = new TreeMap<>();
      for (String name : WOVEN) {
        original.putAll(code(original(name)));
      }
      assertEquals(original, restored);
      String forward = "targets.TinyModel$Block.forward(float[][], int, targets.TinyModel$Cache)";
      assertTrue(original.containsKey(forward), original::toString);
      assertNotEquals(original.get(forward), woven.get(forward), "the instrument sees taps");
    }
  }

  private Map<String, String> codeInMemory(long pid, String out) throws Exception {
    Path to = folder.resolve(out);
    Process tool =
        new ProcessBuilder(
                ChildJvm.thisJava().resolve("bin/java").toString(),
                "--add-modules=jdk.hotspot.agent",
                "-Dsun.jvm.hotspot.tools.jcore.outputDir=" + to,
                "-Dsun.jvm.hotspot.tools.jcore.filter="
                    + "sun.jvm.hotspot.tools.jcore.PackageNameFilter",
                "-Dsun.jvm.hotspot.tools.jcore.PackageNameFilter.pkgList=targets",
                "-m",
                "jdk.hotspot.agent/sun.jvm.hotspot.tools.jcore.ClassDump",
                Long.toString(pid))
            .redirectErrorStream(true)
            .start();
    String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    tool.waitFor();
    assumeTrue(
        Files.exists(to.resolve("targets/TinyModel.class")),
        () -> "this machine lets no process read another's memory: " + said);
    Map<String, String> code = new TreeMap<>();
    for (String name : WOVEN) {
      code.putAll(code(Files.readAllBytes(to.resolve("targets/" + name + ".class"))));
    }
    return code;
  }

  /** Fingerprints of all methods: their instructions with the names they use. */
  private static Map<String, String> code(byte[] classFile) {
    ClassNode type = new ClassNode();
    new ClassReader(classFile).accept(type, 0);
    Map<String, String> code = new TreeMap<>();
    for (MethodNode method : type.methods) {
      List<String> parameters =
          Arrays.stream(Type.getArgumentTypes(method.desc)).map(Type::getClassName).toList();
      MethodRef ref =
          new MethodRef(type.name.replace('/', '.'), method.name, Optional.of(parameters));
      code.put(ref.toString(), Fingerprint.of(classFile, ref, List.of()));
    }
    return code;
  }

  @Test
  void whatCannotBeAttachedIsRefusedAndChangesNothing() throws Exception {
    try (RunningModel model = RunningModel.start(child(25), folder, "n=4")) {
      assertRefused(model.agent("detach"), 1, "live-nothing", "there is none to detach");
      assertRefused(model.agent("profil=x"), 2, "option-unknown", "no agent option 'profil'");
      assertRefused(model.agent("profile=none"), 2, "option-value", "Name a profile.");
      assertRefused(
          model.agent(options("run", ",for=soon")), 2, "option-value", "a time such as 30s");
      assertRefused(
          model.agent(options("run", ",passes=0")), 2, "option-value", "a positive number");
      Files.writeString(profile, TinyProfile.text().replace("out 1 of 1", "out 1 of 2"));
      State misfit = model.agent(options("run", ""));
      assertRefused(misfit, 3, "profile-misfit", "nothing was run");
      assertTrue(misfit.text().contains("[store-count] Wanted 1 of 2 stores"), misfit.text());
      assertFalse(Files.exists(folder.resolve("run")));

      writeProfile();
      assertEquals("attached", model.agent(options("run", ",for=1h")).state());
      model.awaitMoreLines(50);
      assertRefused(model.agent(options("other", "")), 1, "live-attached", "one at a time");
      State ended = model.agent("detach");
      assertEquals("detached", ended.state(), ended.text());
      assertEquals("complete", run("run").get("state"));
      assertFalse(Files.exists(folder.resolve("other")));
    }
  }

  private static void assertRefused(State state, int exit, String id, String words) {
    assertEquals("refused", state.state(), state.text());
    assertEquals(exit, state.exit(), state.text());
    assertTrue(state.text().contains("tapscope: [" + id + "] "), state.text());
    assertTrue(state.text().contains(words), state.text());
  }

  @Test
  void aJvmStartedWithTheAgentTakesNoOther() throws Exception {
    ChildJvm jvm = child(25).agent("profile=" + profile);
    try (RunningModel model = RunningModel.start(jvm, folder, "n=4")) {
      assertRefused(model.agent(options("run", "")), 1, "live-launched", "started with the agent");
    }
  }

  @Test
  void aRunThatCannotGoOnEndsAndTheModelDoesNot() throws Exception {
    try (RunningModel model = RunningModel.start(child(25), folder, "n=4")) {
      // The model has three blocks, so this site is silent.
      State attached = model.agent(options("run", ",for=1ms").replace("res.*", "res.7"));
      assertNotEquals("refused", attached.state(), attached.text());
      State ended = model.awaitDetached();
      assertEquals(3, ended.exit(), ended.text());
      assertEquals("failed", run("run").get("state"));
      checkProof(ended);
      model.awaitMoreLines(5);
      assertTrue(model.alive());
    }
  }

  @Test
  void theEndOfTheJvmClosesTheRunAndKeepsItsExitCode() throws Exception {
    Process process = child(25).start(targets.TinyModel.class, "n=2000000");
    try {
      VirtualMachine machine = attach(process);
      String options = options("run", "").replace("res.*", "res.7");
      machine.loadAgent(ChildJvm.agentJar().toString(), options);
      Thread.sleep(200);
      process.destroy();
      ChildJvm.Result result = child(25).await(process);
      assertEquals(128 + 15, result.exit(), result.err());
      assertEquals("interrupted", run("run").get("state"));
    } finally {
      process.destroyForcibly();
    }
  }

  private static VirtualMachine attach(Process process) throws Exception {
    for (int tries = 0; ; tries++) {
      try {
        return VirtualMachine.attach(Long.toString(process.pid()));
      } catch (IOException | AttachNotSupportedException e) {
        if (tries == 20) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }
}
