package dev.tapscope.store;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * A store that is being filled, by one process at a time. Whatever ends that process, what {@code
 * store.json} names is whole: a piece is written under another name, put on the disk, renamed, and
 * only then named. Used by one thread.
 */
public final class StoreFolder implements AutoCloseable {
  private static final String LOCK = ".lock";
  private static final String WORK = ".work-";

  private final Path folder;
  private final Asked asked;
  private final Share share;
  private final FileChannel lock;
  private final List<String> notes = new ArrayList<>();
  private Optional<Manifest> manifest = Optional.empty();

  private StoreFolder(Path folder, Asked asked, Share share, FileChannel lock) {
    this.folder = folder;
    this.asked = asked;
    this.share = share;
    this.lock = lock;
  }

  /**
   * Opens a store to begin it or to go on with it.
   *
   * @throws TapscopeException {@code store-unwritable}, {@code store-busy}, {@code store-other}
   *     when it was made of something else, {@code store-foreign} when other files lie there
   */
  public static StoreFolder open(Path path, Asked asked, Share share) {
    Path folder = path.toAbsolutePath().normalize();
    try {
      Files.createDirectories(folder);
      requireOurs(folder);
      FileChannel channel =
          FileChannel.open(
              folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        requireLock(channel, folder);
        StoreFolder store = new StoreFolder(folder, asked, share, channel);
        store.readWhatIsThere();
        return store;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (FileAlreadyExistsException e) {
      throw unwritable(folder, "a file of that name or above it is no folder", e);
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
  }

  private static TapscopeException unwritable(Path folder, String why, IOException e) {
    return TapscopeException.failed(
        "store-unwritable",
        "The store %s cannot be written: %s. Give --out a folder that can be; what is in it stays as it is."
            .formatted(folder, why),
        e);
  }

  private static void requireLock(FileChannel channel, Path folder) throws IOException {
    boolean free;
    try {
      FileLock mine = channel.tryLock();
      free = mine != null;
    } catch (OverlappingFileLockException e) {
      free = false;
    }
    if (!free) {
      throw TapscopeException.failed(
          "store-busy",
          "Another harvest is writing to %s. Wait for its end, or give this one another --out."
              .formatted(folder));
    }
  }

  /** Before anything is written there. */
  private static void requireOurs(Path folder) throws IOException {
    List<Path> files = files(folder);
    Optional<Path> foreign = files.stream().filter(file -> !isOurs(file)).findFirst();
    if (foreign.isPresent() && !files.contains(folder.resolve(Manifest.FILE))) {
      throw TapscopeException.failed(
          "store-foreign",
          "%s holds %s and no %s, so it is no activation store. Give --out a new folder."
              .formatted(folder, foreign.get().getFileName(), Manifest.FILE));
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  private void readWhatIsThere() throws IOException {
    if (Files.exists(folder.resolve(Manifest.FILE))) {
      Manifest before = Manifest.read(folder);
      Manifest.difference(before.asked(), asked).ifPresent(this::refuse);
      if (!before.share().equals(share)) {
        refuse("the share is %s there and %s here".formatted(before.share(), share));
      }
      manifest = Optional.of(before.with(before.pieces().stream().filter(this::isThere).toList()));
    }
    for (Path file : files(folder)) {
      if (file.getFileName().toString().startsWith(WORK)) {
        clear(file);
      } else if (WholeFile.isPart(file)) {
        Files.delete(file);
      }
    }
  }

  /** A model that outlived its harvest may still write there; then a later harvest clears it. */
  private void clear(Path work) {
    try {
      delete(work);
    } catch (IOException | UncheckedIOException e) {
      notes.add("%s of an earlier harvest is left for now: %s".formatted(work.getFileName(), e));
    }
  }

  private void refuse(String difference) {
    throw TapscopeException.failed(
        "store-other",
        "The store %s was made of something else: %s. Ask for the same again to go on with it (its %s says what that was), or give another --out."
            .formatted(folder, difference, Manifest.FILE));
  }

  private boolean isThere(StoredPiece piece) {
    Path file = folder.resolve(piece.file());
    try {
      if (Files.isRegularFile(file) && Files.size(file) == piece.bytes()) {
        return true;
      }
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
    notes.add("%s is not there as it was written, and is harvested again".formatted(piece.file()));
    return false;
  }

  private static boolean isOurs(Path file) {
    String name = file.getFileName().toString();
    return name.equals(LOCK) || name.startsWith(WORK) || WholeFile.isPart(file);
  }

  /** What there is to say about the store as it was found, in sentences. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** What earlier runs of the model told; empty for a new store. */
  public Optional<Found> found() {
    return manifest.map(Manifest::found);
  }

  /**
   * Takes what a run of the model tells of itself; the first makes the manifest.
   *
   * @throws TapscopeException {@code store-other} when another run told something else
   */
  public void found(Found found) {
    if (manifest.isPresent()) {
      Manifest.difference(manifest.get().found(), found).ifPresent(this::refuse);
    } else {
      write(new Manifest(asked, found, share, List.of()));
    }
  }

  /** Numbers of the pieces still to be made, in order. */
  public List<Integer> missing() {
    return Manifest.missing(asked, share, pieces());
  }

  /** The pieces that are whole, in order. */
  public List<StoredPiece> pieces() {
    return manifest.map(Manifest::pieces).orElse(List.of());
  }

  public Path folder() {
    return folder;
  }

  /**
   * A new folder for what a run writes, on the same disk. It has a name of its own: a model that a
   * killed harvest left running writes to another.
   */
  public Path work() {
    try {
      return Files.createTempDirectory(folder, WORK);
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
  }

  /** Bytes of a row in a store, beside a header for each file. */
  public static long bytesPerRow(SortedMap<String, Integer> sites, String dtype) {
    return PieceWriter.bytesPerRow(sites, dtype);
  }

  /**
   * Adds the piece that a run has computed.
   *
   * @throws TapscopeException {@code store-unwritable}, or what is wrong with the run
   */
  public StoredPiece add(PieceRun run) {
    Manifest before = manifest.orElseThrow(() -> new IllegalStateException("found nothing yet"));
    try (Arena arena = Arena.ofConfined()) {
      PieceWriter writer = new PieceWriter(run, before.found().sites(), asked.dtype(), arena);
      StoredPiece piece = writer.write(folder);
      write(before.with(piece));
      return piece;
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
  }

  private void write(Manifest next) {
    try {
      next.write(folder);
      manifest = Optional.of(next);
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
  }

  static void delete(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      throw unwritable(folder, e.toString(), e);
    }
  }
}
