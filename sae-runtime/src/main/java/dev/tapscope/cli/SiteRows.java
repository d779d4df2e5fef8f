package dev.tapscope.cli;

import dev.tapscope.recording.RunStream;
import dev.tapscope.tap.TapscopeException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Rows of the site an SAE reads, each with the row of the site it writes at the same position. What
 * waits for its other half is held, no more than a shard's worth.
 */
final class SiteRows {
  private final Map<Long, float[]> inputs = new HashMap<>();
  private final Map<Long, float[]> outputs = new HashMap<>();
  private final BiConsumer<float[], float[]> reader;
  private long pairs;

  private SiteRows(BiConsumer<float[], float[]> reader) {
    this.reader = reader;
  }

  /**
   * Hands out the rows of the counted positions, in the order of the run.
   *
   * @throws TapscopeException {@code eval-site} when a counted position has no row
   */
  static void read(
      RunStream run, SaeSpec sae, CountedTokens counted, BiConsumer<float[], float[]> reader) {
    SiteRows rows = new SiteRows(reader);
    String input = sae.inputAddress();
    String output = sae.outputAddress();
    run.activations((address, sequence, position, row) -> {
      if (counted.has(sequence, position)) {
        long place = (long) sequence << 32 | position;
        if (input.equals(output)) {
          if (address.equals(input)) {
            rows.pairs++;
            reader.accept(row, row);
          }
        } else if (address.equals(input)) {
          rows.add(place, row, rows.inputs, rows.outputs, true);
        } else if (address.equals(output)) {
          rows.add(place, row, rows.outputs, rows.inputs, false);
        }
      }
    });
    if (rows.pairs != counted.count()) {
      throw TapscopeException.failed(
          "eval-site",
          "SAE %s was to be measured on %d positions, and %d have a row of %s; the run kept %s. Give the site by its own name, such as res.3, and one that fires in every pass."
              .formatted(sae.name(), counted.count(), rows.pairs, sae.address(), run.addresses()));
    }
  }

  private void add(
      long place, float[] row, Map<Long, float[]> own, Map<Long, float[]> other, boolean isInput) {
    float[] partner = other.remove(place);
    if (partner == null) {
      own.put(place, row.clone());
      return;
    }
    pairs++;
    reader.accept(isInput ? row : partner, isInput ? partner : row);
  }
}
