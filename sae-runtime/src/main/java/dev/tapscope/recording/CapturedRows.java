package dev.tapscope.recording;

import dev.tapscope.io.Dtype;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/**
 * The captured activations of a run folder, looked up by address, sequence and position; for edits
 * that take rows from another run. Addresses are canonical, {@code res.3}. Immutable; each method
 * reads the files anew.
 */
public final class CapturedRows {
  private final Path folder;
  private final RunStream stream;
  private final TokenTexts texts;
  private final boolean complete;

  private CapturedRows(Path folder, RunStream stream, TokenTexts texts, boolean complete) {
    this.folder = folder;
    this.stream = stream;
    this.texts = texts;
    this.complete = complete;
  }

  /**
   * The mean over all rows of an address but those of BOS.
   *
   * @param values the mean, summed in double precision
   * @param rows number of rows in it
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Mean(float[] values, long rows) {}

  /**
   * Opens a run folder.
   *
   * @throws TapscopeException {@code run-missing}, {@code run-format}, {@code run-corrupt}; {@code
   *     run-address} when the run kept no activations
   */
  public static CapturedRows open(Path folder) {
    var document = RecordedRun.document(folder, RecordedRun.shards(folder, "activations-"));
    CapturedRows rows =
        new CapturedRows(
            folder,
            RunStream.open(folder),
            TokenTexts.of(document, folder.resolve("features.jsonl"), new JsonMapper()),
            document.path("state").asString("").equals("complete"));
    if (rows.stream.addresses().isEmpty()) {
      throw TapscopeException.failed(
          "run-address",
          "The run %s kept no activations with one row a position. Make it again with capture=ADDRESS, such as capture=res.*."
              .formatted(folder));
    }
    return rows;
  }

  public boolean has(String address) {
    return stream.addresses().contains(address);
  }

  /** What a user of these rows should know of them, in sentences. */
  public List<String> notes(String address) {
    List<String> notes = new ArrayList<>();
    stream
        .dtype(address)
        .filter(dtype -> dtype != Dtype.F32)
        .ifPresent(dtype ->
            notes.add(
                "The rows of %s in %s are stored as %s, so they are rounded."
                    .formatted(address, folder, dtype)));
    if (stream.metadata("stage").orElse("").equals("before")) {
      notes.add(
          "The rows of %s were captured before that run's own edits (stage=before)."
              .formatted(folder));
    }
    if (!complete) {
      notes.add(
          "The run %s did not end well; the rows are those it had written by then."
              .formatted(folder));
    }
    return notes;
  }

  /**
   * Averages the rows of an address.
   *
   * @throws TapscopeException {@code run-address} when there are none
   */
  public Mean mean(String address) {
    requireAddress(address);
    Set<Long> bos = new HashSet<>();
    stream.tokens(token -> {
      if (token.bos()) {
        bos.add(TokenReader.order(token.sequence(), token.position()));
      }
    });
    Sum sum = new Sum();
    stream.activations(
        address,
        (site, sequence, position, row) -> {
          if (!bos.contains(TokenReader.order(sequence, position))) {
            sum.add(row);
          }
        });
    if (sum.rows == 0) {
      throw TapscopeException.failed(
          "run-address",
          "The run %s has rows of BOS alone at %s, and a mean leaves BOS out. Give a run on some text."
              .formatted(folder, address));
    }
    return new Mean(sum.mean(), sum.rows);
  }

  /**
   * The tokens of a sequence, by position.
   *
   * @throws TapscopeException {@code run-sequence} when the run has none of this number
   */
  public NavigableMap<Integer, RecordedToken> sequence(int number) {
    NavigableMap<Integer, RecordedToken> tokens = new TreeMap<>();
    Set<Integer> sequences = new HashSet<>();
    stream.tokens(token -> {
      sequences.add(token.sequence());
      if (token.sequence() == number) {
        tokens.put(token.position(), token.with(texts));
      }
    });
    if (tokens.isEmpty()) {
      throw TapscopeException.failed(
          "run-sequence",
          "The run %s has no sequence %d; it has %s, counted from 0. Name one of these: RUN#SEQUENCE@WHERE."
              .formatted(folder, number, numbers(sequences)));
    }
    return tokens;
  }

  /**
   * The rows of consecutive positions.
   *
   * @return {@code [last - first + 1, width]}
   * @throws TapscopeException {@code run-address} or {@code run-row}
   */
  public float[][] rows(String address, int sequence, int first, int last) {
    requireAddress(address);
    Map<Integer, float[]> found = new HashMap<>();
    Set<Integer> there = new HashSet<>();
    stream.activations(
        address,
        (site, s, position, row) -> {
          if (s == sequence) {
            there.add(position);
            if (first <= position && position <= last) {
              found.put(position, row.clone());
            }
          }
        });
    if (found.size() <= last - first) {
      throw TapscopeException.failed(
          "run-row",
          "The run %s has rows of %s in sequence %d for %s, and %s asked for. Name positions that are there, or capture them."
              .formatted(
                  folder,
                  address,
                  sequence,
                  there.isEmpty() ? "no position" : "position " + numbers(there),
                  first == last
                      ? "position " + first + " was"
                      : "positions %d to %d were".formatted(first, last)));
    }
    float[][] rows = new float[last - first + 1][];
    Arrays.setAll(rows, i -> found.get(first + i));
    return rows;
  }

  private void requireAddress(String address) {
    if (!has(address)) {
      throw TapscopeException.failed(
          "run-address",
          "The run %s kept no rows of %s; it has %s. Make it again with capture=%s, or name a site it has."
              .formatted(folder, address, String.join(", ", stream.addresses()), address));
    }
  }

  /** {@code 0 to 4} where nothing is missing in between, else a list of at most ten. */
  private static String numbers(Set<Integer> numbers) {
    List<Integer> sorted = numbers.stream().sorted().toList();
    if (sorted.isEmpty()) {
      return "none";
    }
    int first = sorted.getFirst();
    int last = sorted.getLast();
    if (sorted.size() > 2 && last - first == sorted.size() - 1) {
      return first + " to " + last;
    }
    String most =
        sorted.stream().limit(10).map(n -> Integer.toString(n)).collect(Collectors.joining(", "));
    return sorted.size() > 10 ? most + " and others up to " + last : most;
  }

  private final class Sum {
    private double[] values = {};
    private long rows;

    void add(float[] row) {
      if (rows == 0) {
        values = new double[row.length];
      } else if (row.length != values.length) {
        throw TapscopeException.failed(
            "run-corrupt",
            "The shards of %s hold rows of %d and of %d values for one address. Run again."
                .formatted(folder, values.length, row.length));
      }
      for (int i = 0; i < row.length; i++) {
        values[i] += row[i];
      }
      rows++;
    }

    float[] mean() {
      float[] mean = new float[values.length];
      for (int i = 0; i < mean.length; i++) {
        mean[i] = (float) (values[i] / rows);
      }
      return mean;
    }
  }
}
