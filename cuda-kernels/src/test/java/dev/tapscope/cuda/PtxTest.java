package dev.tapscope.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The committed PTX is that of the committed sources, and every GPU's assembler takes it. */
@Execution(ExecutionMode.CONCURRENT) // it needs no driver, of which there is one
class PtxTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final Path PTX = Path.of("src/main/resources/dev/tapscope/cuda");

  /** Of a thread: 65,536 registers of a multiprocessor, for two blocks of 256 threads. */
  private static final int REGISTERS = 128;

  private static final Pattern ENTRY =
      Pattern.compile("Compiling entry function '(\\w+)' for '(\\w+)'");
  private static final Pattern SPILLS =
      Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern USED = Pattern.compile("Used (\\d+) registers");

  @BeforeAll
  static void unpackPrivately() {
    Natives.folder().unpackingHere(() -> JNvPTXCompiler.setExceptionsEnabled(false));
  }

  private static List<Path> files(Path folder, String... endings) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(file -> Arrays.stream(endings).anyMatch(file.toString()::endsWith))
          .sorted()
          .toList();
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  @Test
  void isOfTheSourcesThatAreHere() throws IOException {
    Map<String, String> here = new TreeMap<>();
    for (Path file : files(SOURCES, ".cu", ".cuh")) {
      here.put(file.getFileName().toString(), sha256(file));
    }
    for (Path file : files(PTX, ".ptx")) {
      here.put(file.getFileName().toString(), sha256(file));
    }
    Map<String, String> manifest = new TreeMap<>();
    for (String line : Files.readAllLines(PTX.resolve("ptx.manifest"))) {
      if (!line.startsWith("#")) {
        manifest.put(line.substring(66), line.substring(0, 64));
      }
    }
    assertFalse(manifest.isEmpty());
    assertEquals(manifest, here, "run cuda-kernels/build-ptx and commit what it writes");
  }

  /**
   * With the nvcc it was made by, the same to the byte; with another, there is nothing to compare.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void isWhatNvccMakes() throws IOException, InterruptedException {
    Path nvcc =
        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
            .map(folder -> Path.of(folder, "nvcc"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(Path.of("nvcc"));
    assumeTrue(Files.isExecutable(nvcc), "there is no nvcc to compile the kernels anew");
    String made = Files.readAllLines(PTX.resolve("ptx.manifest")).get(1);
    String version = output(nvcc.toString(), "--version");
    assumeTrue(
        version.contains(made.replace("# nvcc ", "release ")),
        "the nvcc here is another than the one the kernels were compiled by");
    assertTrue(output("./build-ptx", "--check").contains("is what nvcc"));
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  /** By the assembler of CUDA 12.0, the oldest there may be. */
  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_86", "sm_89", "sm_90"})
  void isAssembledWithoutSpills(String gpu) throws IOException {
    Set<String> assembled = new TreeSet<>();
    Set<String> declared = new TreeSet<>();
    int most = 0;
    for (Path file : files(PTX, ".ptx")) {
      String name = file.getFileName().toString().replace(".ptx", "");
      declared.addAll(Ptx.load(name).entries().keySet());
      String log = assemble(file, gpu);
      String entry = "";
      for (String line : log.lines().toList()) {
        Matcher begins = ENTRY.matcher(line);
        if (begins.find()) {
          entry = begins.group(1);
          assertEquals(gpu, begins.group(2));
        }
        Matcher spills = SPILLS.matcher(line);
        if (spills.find()) {
          assertEquals("0 0", spills.group(1) + " " + spills.group(2), entry + " spills: " + log);
        }
        Matcher used = USED.matcher(line);
        if (used.find()) {
          int registers = Integer.parseInt(used.group(1));
          assertTrue(registers <= REGISTERS, entry + " uses " + registers + " registers");
          most = Math.max(most, registers);
          assembled.add(entry);
        }
      }
    }
    assertEquals(declared, assembled);
    System.out.printf(
        "%s: %d kernels assembled, no spills, at most %d registers%n", gpu, assembled.size(), most);
  }

  private static String assemble(Path file, String gpu) throws IOException {
    byte[] text = Files.readAllBytes(file);
    byte[] terminated = Arrays.copyOf(text, text.length + 1);
    nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
    assertEquals(
        nvPTXCompileResult.NVPTXCOMPILE_SUCCESS,
        JNvPTXCompiler.nvPTXCompilerCreate(handle, terminated.length, terminated));
    try {
      String[] options = {"--gpu-name=" + gpu, "--verbose"};
      int result = JNvPTXCompiler.nvPTXCompilerCompile(handle, options.length, options);
      assertEquals(
          nvPTXCompileResult.NVPTXCOMPILE_SUCCESS, result, () -> file + ": " + errors(handle));
      long[] size = {0};
      JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(handle, size);
      byte[] log = new byte[Math.toIntExact(size[0]) + 1];
      JNvPTXCompiler.nvPTXCompilerGetInfoLog(handle, log);
      return new String(log, 0, Math.toIntExact(size[0]), StandardCharsets.UTF_8);
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(handle);
    }
  }

  private static String errors(nvPTXCompilerHandle handle) {
    long[] size = {0};
    JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, size);
    byte[] log = new byte[Math.toIntExact(size[0]) + 1];
    JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, log);
    return new String(log, 0, Math.toIntExact(size[0]), StandardCharsets.UTF_8);
  }
}
