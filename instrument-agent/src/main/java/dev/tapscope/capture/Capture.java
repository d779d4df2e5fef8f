package dev.tapscope.capture;

import dev.tapscope.folder.Dtype;
import dev.tapscope.folder.RunDirectory;
import dev.tapscope.folder.Shards;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfilePrinter;
import dev.tapscope.profile.Selection;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Writes tokens and activations to the shards {@code activations-NNNNN.safetensors}.
 *
 * <p>The rows of a pass are written together when the pass has ended normally: a shard never holds
 * half a pass, and a pass that ends with an exception leaves nothing. Thread-safe; each pass
 * belongs to one thread.
 */
public final class Capture {
  /** Which value of a site is kept. */
  public enum Stage {
    /** As the model computed it. */
    BEFORE(Phase.READ_BEFORE),
    /** As the model goes on with it. */
    AFTER(Phase.READ_AFTER);

    private final Phase phase;

    Stage(Phase phase) {
      this.phase = phase;
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Shards shards;
  private final ConcurrentMap<Integer, PassRows> passes = new ConcurrentHashMap<>();

  /** Rows of the open shard that hold the beginning-of-sequence token; under the shard's lock. */
  private final List<Integer> bosRows = new ArrayList<>();

  private int tokenRows;

  private Capture(RunDirectory folder, Map<String, String> metadata) {
    this.shards = folder.shards("activations", metadata, this::shardMetadata);
  }

  /**
   * Attaches to a run.
   *
   * @param sites what to keep besides the tokens
   */
  public static void attach(
      TapRun run,
      RunDirectory folder,
      Profile profile,
      Optional<String> sites,
      Dtype dtype,
      Stage stage) {
    Capture capture = new Capture(folder, metadata(profile, sites, dtype, stage));
    run.onPassBegin(pass -> capture.passes.put(pass.index(), new PassRows(pass, dtype)));
    run.onPassAborted(pass -> capture.passes.remove(pass.index()));
    run.onPassEnd(capture::write);
    sites.ifPresent(s -> run.on(s, stage.phase, capture::keep));
  }

  private static Map<String, String> metadata(
      Profile profile, Optional<String> sites, Dtype dtype, Stage stage) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("profile", profile.name());
    profile.bos().ifPresent(id -> metadata.put("bos", Integer.toString(id)));
    if (sites.isPresent()) {
      metadata.put("capture", sites.get());
      metadata.put("dtype", dtype.name().toLowerCase(Locale.ROOT));
      metadata.put("stage", stage.toString());
      Selection selection = Selection.parse(sites.get(), profile);
      profile.sites().stream()
          .filter(s -> selection.ranges().stream().anyMatch(r -> r.site().equals(s.name())))
          .forEach(s -> metadata.put("site." + s.name(), ProfilePrinter.print(s)));
    }
    return metadata;
  }

  private void keep(Activation activation) {
    PassRows rows = passes.get(activation.pass().index());
    if (rows != null) { // else attached in the middle of a pass, which is not kept
      rows.add(activation);
    }
  }

  private void write(Pass pass) {
    PassRows rows = passes.remove(pass.index());
    if (rows == null) {
      return;
    }
    shards.begin();
    try {
      for (int i = 0; i < pass.rows(); i++) {
        if (pass.isBos(pass.start() + i)) {
          bosRows.add(tokenRows);
        }
        tokenRows++;
      }
      rows.writeTo(shards);
    } finally {
      shards.end();
    }
  }

  private Map<String, String> shardMetadata() {
    Map<String, String> metadata = Map.of("bos_rows", bosRows.toString());
    bosRows.clear();
    tokenRows = 0;
    return metadata;
  }
}
