package dev.tapscope.hooks;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.objectweb.asm.ClassReader;

/**
 * Class files of jars, folders and single files, in the order of a class path: of two classes with
 * one name the first counts. Of a multi-release jar the versions this JVM would load are taken.
 * Nothing is loaded or run. Not thread-safe.
 */
public final class ClassPath implements AutoCloseable {
  /** A class file holds at most 65535 methods of 64 KiB; real ones stay far below this. */
  private static final int LARGEST = 64 << 20;

  private static final String SUFFIX = ".class";

  /** Where a class lies; read when asked for. */
  private interface Source {
    InputStream open() throws IOException;
  }

  private record Entry(Source source, String origin) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final List<JarFile> jars = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private ClassPath() {}

  /**
   * Opens what lies at some paths.
   *
   * @param paths jars, folders with packages in them, class files
   * @throws TapscopeException {@code path-missing}, {@code path-unreadable}, {@code no-classes}
   */
  public static ClassPath open(List<Path> paths) {
    ClassPath classes = new ClassPath();
    try {
      paths.forEach(classes::add);
      return classes;
    } catch (RuntimeException e) {
      classes.close();
      throw e;
    }
  }

  private void add(Path path) {
    int before = entries.size();
    try {
      if (Files.isDirectory(path)) {
        addFolder(path);
      } else if (!Files.isRegularFile(path)) {
        throw TapscopeException.usage(
            "path-missing",
            "Wanted a jar, a folder of classes or a class file; there is nothing at "
                + path.toAbsolutePath()
                + ". Check the path.");
      } else if (path.toString().endsWith(SUFFIX)) {
        addFile(path);
      } else {
        addJar(path);
      }
    } catch (IOException e) {
      throw TapscopeException.failed(
          "path-unreadable",
          "Wanted the classes of "
              + path
              + "; it cannot be read ("
              + e.getMessage()
              + "). Give a jar, a folder of classes or a class file.",
          e);
    }
    if (entries.size() == before) {
      notes.add(path + " adds no class: it has none, or all of them came before it.");
    }
  }

  private void addFolder(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(SUFFIX)).sorted().toList()) {
        String name =
            folder.relativize(file).toString().replace(file.getFileSystem().getSeparator(), "/");
        add(name, () -> Files.newInputStream(file), folder.toString());
      }
    }
  }

  private void addFile(Path file) throws IOException {
    byte[] bytes = read(() -> Files.newInputStream(file), file.toString());
    String name;
    try {
      name = new ClassReader(bytes).getClassName();
    } catch (RuntimeException e) { // ASM throws whatever damaged bytes make it run into
      throw new IOException("it is no class file, or a damaged one", e);
    }
    add(name + SUFFIX, () -> Files.newInputStream(file), file.toString());
  }

  private void addJar(Path path) throws IOException {
    JarFile jar = new JarFile(path.toFile(), false, ZipFile.OPEN_READ, Runtime.version());
    jars.add(jar);
    List<String> versioned = new ArrayList<>();
    jar.versionedStream()
        .filter(entry -> entry.getName().endsWith(SUFFIX))
        .filter(entry -> !entry.getName().startsWith("META-INF/"))
        .forEach(entry -> {
          if (!entry.getRealName().equals(entry.getName())) {
            versioned.add(entry.getRealName());
          }
          add(entry.getName(), () -> open(jar, entry), path.toString());
        });
    if (!versioned.isEmpty()) {
      notes.add(
          path
              + " is a multi-release jar: "
              + (versioned.size() == 1 ? "1 class is" : versioned.size() + " classes are")
              + " taken from META-INF/versions as Java "
              + Runtime.version().feature()
              + " would, "
              + versioned.get(0)
              + (versioned.size() == 1 ? "." : " for one."));
    }
  }

  private static InputStream open(JarFile jar, JarEntry entry) throws IOException {
    return jar.getInputStream(entry);
  }

  private void add(String file, Source source, String origin) {
    String name = file.substring(0, file.length() - SUFFIX.length()).replace('/', '.');
    if (!name.equals("module-info") && !name.endsWith("package-info")) {
      entries.putIfAbsent(name, new Entry(source, origin));
    }
  }

  private static byte[] read(Source source, String origin) throws IOException {
    try (InputStream in = source.open()) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new IOException("a class file in " + origin + " has more than " + LARGEST + " bytes");
      }
      return bytes;
    }
  }

  /**
   * A class by its name as in source.
   *
   * @throws TapscopeException {@code path-unreadable}
   */
  public Optional<ClassFile> find(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(new ClassFile(name, read(entry.source(), entry.origin()), entry.origin()));
    } catch (IOException e) {
      throw TapscopeException.failed(
          "path-unreadable",
          "Wanted class "
              + name
              + " of "
              + entry.origin()
              + "; it cannot be read ("
              + e.getMessage()
              + "). Fetch or build it again.",
          e);
    }
  }

  /** Names of all classes, as in source. */
  public Set<String> names() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  /** Sentences about what was taken that a person should know. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  @Override
  public void close() {
    for (JarFile jar : jars) {
      try {
        jar.close();
      } catch (IOException e) {
        throw TapscopeException.failed(
            "path-unreadable", "The jar " + jar.getName() + " could not be closed: " + e, e);
      }
    }
    jars.clear();
  }
}
