package dev.tapscope.agent;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which model this JVM runs, as far as that is cheap to say: the hashes of the files on the class
 * path, and of a Hugging Face folder named on the command line its config in full and of its
 * weights the size and the hash of the header, which holds every tensor's name, type and place.
 */
final class Provenance {
  /** Larger files are named by size only. */
  private static final long LARGEST_HASHED = 64L << 20;

  private Provenance() {}

  static Map<String, Object> ofThisProcess() {
    List<String> arguments = arguments();
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("main", System.getProperty("sun.java.command", ""));
    model.put("class_path", classPath());
    List<Object> folders = new ArrayList<>();
    arguments.stream()
        .map(argument -> argument.substring(argument.indexOf('=') + 1))
        .distinct()
        .forEach(argument -> modelFolder(argument).ifPresent(folders::add));
    model.put("folders", folders);
    return model;
  }

  /** The arguments of this process; the JDK leaves them out when they are long. */
  private static List<String> arguments() {
    Optional<String[]> told = ProcessHandle.current().info().arguments();
    if (told.isPresent()) {
      return List.of(told.get());
    }
    Path kernel = Path.of("/proc/self/cmdline");
    try {
      if (Files.isReadable(kernel)) {
        return List.of(Files.readString(kernel, StandardCharsets.UTF_8).split("\0"));
      }
    } catch (IOException e) {
      // Not a reason to fail a run: the words of the command are told as they are, below.
    }
    return List.of(System.getProperty("sun.java.command", "").split(" "));
  }

  private static List<Object> classPath() {
    List<Object> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      Path path = Path.of(entry);
      if (!entry.isEmpty() && Files.isRegularFile(path)) {
        entries.add(file(path));
      } else if (!entry.isEmpty()) {
        entries.add(Map.of("path", path.toAbsolutePath().toString()));
      }
    }
    return entries;
  }

  private static Optional<Object> modelFolder(String argument) {
    try {
      Path folder = Path.of(argument);
      Path config = folder.resolve("config.json");
      if (argument.isEmpty() || !Files.isDirectory(folder) || !Files.isRegularFile(config)) {
        return Optional.empty();
      }
      List<Object> weights = new ArrayList<>();
      try (Stream<Path> files = Files.list(folder)) {
        files
            .filter(f -> f.toString().endsWith(".safetensors"))
            .sorted()
            .forEach(f -> weights.add(weights(f)));
      }
      Map<String, Object> model = new LinkedHashMap<>();
      model.put("path", folder.toAbsolutePath().toString());
      model.put("config", file(config));
      model.put("weights", weights);
      return Optional.of(model);
    } catch (InvalidPathException e) {
      return Optional.empty(); // an argument that is no path
    } catch (IOException e) {
      return Optional.of(unread(Path.of(argument), e));
    }
  }

  private static Map<String, Object> file(Path file) {
    try {
      Map<String, Object> described = sized(file);
      if (Files.size(file) <= LARGEST_HASHED) {
        described.put("sha256", Hash.sha256(file));
      }
      return described;
    } catch (IOException e) {
      return unread(file, e);
    }
  }

  private static Map<String, Object> weights(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      Map<String, Object> described = sized(file);
      byte[] length = in.readNBytes(8);
      if (length.length == 8) {
        long header = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (header >= 0 && header <= Math.min(LARGEST_HASHED, Files.size(file) - 8)) {
          described.put("header_sha256", Hash.sha256(file, 8 + header));
        }
      }
      return described;
    } catch (IOException e) {
      return unread(file, e);
    }
  }

  private static Map<String, Object> sized(Path file) throws IOException {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("path", file.toAbsolutePath().toString());
    described.put("bytes", Files.size(file));
    return described;
  }

  private static Map<String, Object> unread(Path file, IOException e) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("path", file.toAbsolutePath().toString());
    described.put("unread", e.toString());
    return described;
  }
}
