package dev.tapscope.folder;

import dev.tapscope.ledger.Problem;
import dev.tapscope.tap.JsonLines;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.ShardSeries;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A run folder. Thread-safe. */
public final class RunDirectory implements RunFolder {
  static final String FORMAT = "tapscope-run/1";

  private static final String RUN = "run.json";
  private static final String FIRST_LINES = "{\n  \"format\": \"" + FORMAT + "\"";
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");
  private static final Pattern WRITTEN =
      Pattern.compile("(run\\.json|[a-z][a-z0-9-]*\\.(safetensors|jsonl))(\\.tmp)?");
  private static final Pattern FILE = Pattern.compile("[a-z][a-z0-9-]*\\.jsonl");

  private final Path path;
  private final long shardBytes;
  private final Map<String, Shards> series = new LinkedHashMap<>();
  private final Map<String, LinesFile> lines = new LinkedHashMap<>();
  private final Map<String, Object> described = new LinkedHashMap<>();

  /** The run that was here, set aside until this one is sure to begin. */
  private final Optional<Path> earlier;

  private RunDirectory(Path path, Optional<Path> earlier, long shardBytes) {
    this.path = path;
    this.earlier = earlier;
    this.shardBytes = shardBytes;
  }

  /**
   * Makes the folder and its first {@code run.json}.
   *
   * @param overwrite whether an earlier run there may be replaced; it is set aside until {@link
   *     #begin}, and nothing but a run is ever deleted
   * @param shardBytes size at which shards are closed
   * @throws TapscopeException {@code out-exists}, {@code out-unwritable}
   */
  public static RunDirectory create(Path path, boolean overwrite, long shardBytes) {
    Path folder = path.toAbsolutePath().normalize();
    try {
      Optional<Path> earlier = Optional.empty();
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        checkMayReplace(folder, overwrite);
        Path aside =
            folder.resolveSibling(
                "." + folder.getFileName() + ".earlier-" + ProcessHandle.current().pid());
        earlier = Optional.of(Files.move(folder, aside));
      }
      Files.createDirectories(folder);
      RunDirectory directory = new RunDirectory(folder, earlier, shardBytes);
      directory.writeRun(Map.of("state", "running"));
      return directory;
    } catch (IOException e) {
      throw TapscopeException.failed(
          "out-unwritable",
          "The run folder "
              + folder
              + " cannot be written ("
              + e
              + "). Give 'out' a folder in a place that can be written; nothing was run.",
          e);
    }
  }

  private static void checkMayReplace(Path folder, boolean overwrite) throws IOException {
    if (!overwrite) {
      throw TapscopeException.failed(
          "out-exists",
          "The run folder "
              + folder
              + " exists. Give 'out' another name, or out.overwrite=true to replace the run in"
              + " it.");
    }
    Path run = folder.resolve(RUN);
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
        || !Files.isRegularFile(run, LinkOption.NOFOLLOW_LINKS)
        || !beginsWithFormat(run)) {
      throw TapscopeException.failed(
          "out-exists",
          folder
              + " is no run folder: it has no run.json with format "
              + FORMAT
              + ". out.overwrite=true replaces only earlier runs; give 'out' another name.");
    }
    try (Stream<Path> files = Files.list(folder)) {
      Optional<Path> foreign = files.filter(file -> !ofARun(file)).findFirst();
      if (foreign.isPresent()) {
        throw TapscopeException.failed(
            "out-exists",
            "The run folder "
                + folder
                + " holds "
                + foreign.get().getFileName()
                + ", which no run has written, so out.overwrite=true does not delete it. Move that"
                + " away, or give 'out' another name.");
      }
    }
  }

  private static boolean ofARun(Path file) {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && WRITTEN.matcher(file.getFileName().toString()).matches();
  }

  private static boolean beginsWithFormat(Path run) throws IOException {
    byte[] wanted = FIRST_LINES.getBytes(StandardCharsets.UTF_8);
    try (InputStream in = Files.newInputStream(run)) {
      return Arrays.equals(wanted, in.readNBytes(wanted.length));
    }
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  static TapscopeException unwritten(Path file, IOException cause, String kept) {
    return TapscopeException.failed(
        "disk-write",
        "File "
            + file
            + " could not be written ("
            + cause
            + "); "
            + kept
            + ". Make room, or give 'out' a folder on another disk.",
        cause);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public ShardSeries shards(String kind, Map<String, String> metadata) {
    return shards(kind, metadata, Map::of);
  }

  /**
   * Opens a series whose shards have metadata of their own.
   *
   * @param ofShard asked for when a shard is closed
   */
  public synchronized Shards shards(
      String kind, Map<String, String> metadata, Supplier<Map<String, String>> ofShard) {
    if (!NAME.matcher(kind).matches() || series.containsKey(kind)) {
      throw new IllegalArgumentException(
          "'" + kind + "' is no name for a new series of shards in " + path + ".");
    }
    Shards shards = new Shards(path, kind, shardBytes, metadata, ofShard);
    series.put(kind, shards);
    return shards;
  }

  @Override
  public synchronized JsonLines lines(String fileName) {
    if (!FILE.matcher(fileName).matches() || lines.containsKey(fileName)) {
      throw new IllegalArgumentException(
          "'" + fileName + "' is no name for a new file of JSON lines in " + path + ".");
    }
    try {
      LinesFile file = new LinesFile(path.resolve(fileName));
      lines.put(fileName, file);
      return file;
    } catch (IOException e) {
      throw unwritten(path.resolve(fileName), e, "nothing of it exists");
    }
  }

  @Override
  public synchronized void describe(String key, Object value) {
    JsonText.of(value); // refuse what JSON cannot hold where it is given
    described.put(key, value);
  }

  /**
   * Closes every file. One that cannot be written does not keep the others from it.
   *
   * @return what could not be written
   */
  public List<Problem> closeFiles() {
    List<Runnable> closings = new ArrayList<>();
    synchronized (this) {
      series.values().forEach(s -> closings.add(s::close));
      lines.values().forEach(l -> closings.add(l::close));
    }
    List<Problem> problems = new ArrayList<>();
    for (Runnable closing : closings) {
      try {
        closing.run();
      } catch (TapscopeException e) {
        problems.add(Problem.of(e));
      }
    }
    return problems;
  }

  /**
   * Writes the last {@code run.json}: what the agent reports, then what was described.
   *
   * @throws TapscopeException {@code disk-write}
   */
  public synchronized void writeReport(Map<String, ?> report) {
    Map<String, Object> all = new LinkedHashMap<>(report);
    described.forEach(all::putIfAbsent);
    try {
      writeRun(all);
    } catch (IOException e) {
      throw unwritten(path.resolve(RUN), e, "the files beside it are whole");
    }
  }

  private void writeRun(Map<String, ?> content) throws IOException {
    Map<String, Object> run = new LinkedHashMap<>();
    run.put("format", FORMAT);
    run.putAll(content);
    byte[] json = JsonText.indented(run).getBytes(StandardCharsets.UTF_8);
    WholeFile.write(path.resolve(RUN), out -> out.write(json));
  }

  /** Lets the run that was here go: this one begins. */
  public void begin() {
    earlier.ifPresent(folder -> {
      try {
        delete(folder);
      } catch (IOException e) {
        throw TapscopeException.failed(
            "out-unwritable",
            "The earlier run, set aside as "
                + folder
                + ", cannot be deleted ("
                + e
                + "). Delete it by hand, or give 'out' another name; nothing was run.",
            e);
      }
    });
  }

  /** Deletes the folder, and puts back what was there: nothing was run. */
  public void abandon() {
    closeFiles();
    try {
      delete(path);
      if (earlier.isPresent() && Files.exists(earlier.get())) {
        Files.move(earlier.get(), path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
