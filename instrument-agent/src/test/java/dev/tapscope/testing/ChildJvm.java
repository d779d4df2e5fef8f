package dev.tapscope.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The fixture model in a JVM of its own, with the packaged agent. */
public final class ChildJvm {
  private static final Pattern REPORTED = Pattern.compile("(?m)^tapscope: \\[([a-z0-9-]+)]");
  private static final int SECONDS = 120;

  /** How it ended. */
  public record Result(int exit, String out, String err) {
    /** Ids of the errors it told, in order. */
    public List<String> ids() {
      List<String> ids = new ArrayList<>();
      Matcher matcher = REPORTED.matcher(err);
      while (matcher.find()) {
        ids.add(matcher.group(1));
      }
      return ids;
    }
  }

  private final Path folder;
  private final List<String> command = new ArrayList<>();
  private final List<String> classPath = new ArrayList<>();

  /**
   * @param javaHome of the JDK that runs it
   * @param folder for its output
   */
  public ChildJvm(Path javaHome, Path folder) {
    this.folder = folder;
    command.add(javaHome.resolve("bin/java").toString());
    classPath.add(location(targets.TinyModel.class).toString());
  }

  /** The JDK this test runs on. */
  public static Path thisJava() {
    return Path.of(System.getProperty("java.home"));
  }

  /** The JDK Maven runs on, 17 where the README's advice is followed. */
  public static Path mavensJava() {
    return Path.of(required("tapscope.mavens.java"));
  }

  public static Path agentJar() {
    return Path.of(required("tapscope.agent.jar"));
  }

  private static String required(String property) {
    String value = System.getProperty(property);
    if (value == null) {
      throw new IllegalStateException("the build must set the system property " + property);
    }
    return value;
  }

  public static Path location(Class<?> type) {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath());
  }

  public ChildJvm agent(String options) {
    command.add("-javaagent:" + agentJar() + "=" + options);
    return this;
  }

  public ChildJvm flag(String flag) {
    command.add(flag);
    return this;
  }

  /** Without the second compiler and G1's threads: less work where a JVM ends within seconds. */
  public ChildJvm brief() {
    return flag("-XX:TieredStopAtLevel=1").flag("-XX:+UseSerialGC");
  }

  /** Adds the classes of the tests, JUnit, ASM, and of ours only the one agent jar. */
  public ChildJvm tests() {
    Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> entry.matches(".*(junit|opentest4j|apiguardian|test-classes|/asm-).*"))
        .map(Path::of)
        .forEach(this::classPath);
    return classPath(agentJar());
  }

  public ChildJvm classPath(Path entry) {
    classPath.add(entry.toString());
    return this;
  }

  public Result run(String... arguments) {
    return run(targets.TinyModel.class, arguments);
  }

  public Result run(Class<?> main, String... arguments) {
    return await(start(main, arguments));
  }

  public Process start(Class<?> main, String... arguments) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), main.getName()));
    all.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(all);
    builder.directory(folder.toFile());
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.redirectOutput(folder.resolve("out.txt").toFile());
    builder.redirectError(folder.resolve("err.txt").toFile());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Result await(Process process) {
    try {
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("no end after " + SECONDS + " s: " + text("err.txt"));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new IllegalStateException(e);
    }
    return new Result(process.exitValue(), text("out.txt"), text("err.txt"));
  }

  private String text(String file) {
    try {
      return Files.readString(folder.resolve(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Packs classes, with other files if any, into a jar. */
  public static Path jar(
      Path jar, Map<String, String> manifest, Map<String, String> files, Class<?>... classes) {
    Manifest main = new Manifest();
    main.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.forEach((k, v) -> main.getMainAttributes().put(new Attributes.Name(k), v));
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), main)) {
      for (Map.Entry<String, String> file : files.entrySet()) {
        out.putNextEntry(new JarEntry(file.getKey()));
        out.write(file.getValue().getBytes(StandardCharsets.UTF_8));
      }
      for (Class<?> type : classes) {
        String name = type.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(name));
        try (var in = type.getClassLoader().getResourceAsStream(name)) {
          in.transferTo(out);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return jar;
  }
}
