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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which model this JVM runs, as far as that is cheap to say: the hashes of the files on the class
 * path, and of a Hugging Face folder named on the command line its config in full and of its
 * weights the size and the hash of the header, which holds every tensor's name, type and place; of
 * a GGUF file, whose header says all that a config does, the size and the hash of its beginning.
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
        .forEach(argument -> modelNamed(argument).ifPresent(folders::add));
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

  private static Optional<Object> modelNamed(String argument) {
    try {
      Path path = Path.of(argument);
      Path config = path.resolve("config.json");
      if (isGguf(path)) {
        return Optional.of(model(path, Optional.empty(), List.of(path)));
      }
      if (argument.isEmpty() || !Files.isDirectory(path) || !Files.isReadable(path)) {
        return Optional.empty();
      }
      List<Path> weights;
      try (Stream<Path> files = Files.list(path)) {
        weights = files.filter(Provenance::holdsWeights).sorted().collect(Collectors.toList());
      }
      if (Files.isRegularFile(config)) {
        return Optional.of(model(path, Optional.of(config), weights));
      }
      return weights.size() == 1 && isGguf(weights.get(0))
          ? Optional.of(model(path, Optional.empty(), weights))
          : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty(); // an argument that is no path
    } catch (IOException e) {
      return Optional.of(unread(Path.of(argument), e));
    }
  }

  private static boolean holdsWeights(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".safetensors") || name.endsWith(".gguf");
  }

  /** A file is told by how it begins, as it may have any name. */
  private static boolean isGguf(Path file) throws IOException {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(4), StandardCharsets.ISO_8859_1).equals("GGUF");
    }
  }

  private static Map<String, Object> model(Path path, Optional<Path> config, List<Path> weights) {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("path", path.toAbsolutePath().toString());
    config.ifPresent(file -> model.put("config", file(file)));
    model.put("weights", weights.stream().map(Provenance::weights).collect(Collectors.toList()));
    return model;
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
      if (isGguf(file)) {
        boolean whole = Files.size(file) <= LARGEST_HASHED;
        described.put(whole ? "sha256" : "first_64_mib_sha256", Hash.sha256(file, LARGEST_HASHED));
        return described;
      }
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
