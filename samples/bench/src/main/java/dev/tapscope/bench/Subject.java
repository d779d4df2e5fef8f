package dev.tapscope.bench;

import dev.tapscope.capture.Capture;
import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.profile.Profile;
import dev.tapscope.run.Runs;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** One variant of a workload, ready to run. */
final class Subject implements AutoCloseable {
  private static final String SITES = "res.*";

  private final Variant variant;
  private final Work work;
  private final Optional<Runs> runs;
  private final Optional<TapRun> run;
  private final Optional<RunDirectory> folder;

  private Subject(
      Variant variant,
      Work work,
      Optional<Runs> runs,
      Optional<TapRun> run,
      Optional<RunDirectory> folder) {
    this.variant = variant;
    this.work = work;
    this.runs = runs;
    this.run = run;
    this.folder = folder;
  }

  static Subject of(
      Workload workload, Variant variant, Tapping tapping, Path temporary, long shardBytes)
      throws ReflectiveOperationException {
    if (!variant.woven()) {
      Work work = workload.maker().make(new VariantLoader(Optional.empty()), variant);
      return new Subject(variant, work, Optional.empty(), Optional.empty(), Optional.empty());
    }
    String name = workload.name() + "-" + variant.name().toLowerCase(Locale.ROOT);
    Profile profile = named(workload.profile(), name);
    Runs runs = tapping.runs(profile);
    Work work = workload.maker().make(new VariantLoader(Optional.of(profile)), variant);
    if (variant == Variant.OFF) {
      return new Subject(variant, work, Optional.of(runs), Optional.empty(), Optional.empty());
    }
    Optional<RunDirectory> folder =
        variant == Variant.CAPTURE
            ? Optional.of(RunDirectory.create(temporary.resolve(name), false, shardBytes))
            : Optional.empty();
    TapRun run =
        runs.stand(folder.isPresent() ? folder.get() : new NoFolder(), Subject::unexpected);
    switch (variant) {
      case NO_OP -> run.on(SITES, Phase.READ_AFTER, activation -> {});
      case STEER ->
          run.on("res." + workload.steered(), Phase.REPLACE, new Steering(workload.width())::steer);
      default ->
          Capture.attach(
              run,
              folder.orElseThrow(),
              profile,
              Optional.of(SITES),
              Dtype.F32,
              Capture.Stage.AFTER);
    }
    return new Subject(variant, work, Optional.of(runs), Optional.of(run), folder);
  }

  private static void unexpected(TapscopeException e) {
    throw e;
  }

  private static Profile named(Profile profile, String name) {
    return new Profile(name, profile.target(), profile.bos(), profile.text(), profile.places());
  }

  Variant variant() {
    return variant;
  }

  /** One repetition; the scopes of its passes are the agent's, entered by hand. */
  void repeat() {
    work.begin();
    for (int i = 0; i < work.passes(); i++) {
      if (runs.isEmpty()) {
        work.pass(i);
      } else {
        runs.get().passEntered();
        work.pass(i);
        runs.get().passLeft(true);
      }
    }
    work.end();
  }

  /** Fires at the sites with hooks in one repetition. */
  long expectedFires(Workload workload) {
    return switch (variant) {
      case NO_OP, CAPTURE -> workload.fires();
      case STEER -> workload.fires() / workload.layers();
      case UNWOVEN, CONTROL, OFF, COPY -> 0;
    };
  }

  /** Fires at the sites with hooks so far. */
  long fires() {
    return run.map(r -> r.fires().values().stream().mapToLong(Long::longValue).sum()).orElse(0L);
  }

  /** Deletes what has been written so far. */
  void tidy() {
    if (folder.isPresent()) {
      try (DirectoryStream<Path> shards =
          Files.newDirectoryStream(folder.get().path(), "*.safetensors")) {
        for (Path shard : shards) {
          Files.delete(shard);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    run.ifPresent(TapRun::finish);
    folder.ifPresent(RunDirectory::closeFiles);
  }

  /** Adds one direction to every row. */
  private static final class Steering {
    private final float[] direction;
    private final float[] row;

    Steering(int width) {
      direction = new float[width];
      row = new float[width];
      Arrays.fill(direction, 0.01f);
    }

    void steer(Activation activation) {
      for (int i = 0; i < activation.rows(); i++) {
        activation.read(i, row);
        for (int j = 0; j < row.length; j++) {
          row[j] += direction[j];
        }
        activation.write(i, row);
      }
    }
  }
}
