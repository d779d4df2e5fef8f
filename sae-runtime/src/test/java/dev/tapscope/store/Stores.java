package dev.tapscope.store;

import dev.tapscope.recording.RunFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Small stores whose numbers say where they belong. */
public final class Stores {
  static final int BOS = 2;
  static final int EOS = 1;
  static final Found FOUND =
      new Found(
          "1.0",
          "25",
          new Found.ProfileFound("gemma2", "ab"),
          List.of(new HashedFile("model.jar", 7, "cd")),
          new TreeMap<>(Map.of("mlp.3", 3, "res.3", 2)),
          new TreeMap<>(Map.of("bos", List.of(BOS), "eos", List.of(EOS))));

  private Stores() {}

  /** A corpus of that many documents, two a piece. */
  static Asked asked(long documents, String dtype) {
    return new Asked(
        "res.3+mlp.3",
        dtype,
        "gemma2",
        List.of("model", "{corpus}"),
        List.of(new HashedFile("model.safetensors", 5, "ef")),
        List.of(new Asked.CorpusFile("corpus.jsonl", 11, "01", documents)),
        2,
        List.of(),
        List.of());
  }

  /**
   * The run of a piece. A document is BOS, three words and EOS; {@code res.3} at word w of document
   * d is {@code (d, w)}, {@code mlp.3} is {@code (d, w, d + w)}.
   */
  static PieceRun run(Path folder, int piece, int documents, String dtype) throws IOException {
    Files.createDirectories(folder);
    long first = 2L * piece;
    for (int s = 0; s < documents; s++) { // each document in a shard of its own
      long d = first + s;
      long[] places = new long[10];
      long[] rows = new long[15];
      float[] res = new float[10];
      float[] mlp = new float[15];
      for (int w = 0; w < 5; w++) {
        places[2 * w] = s;
        places[2 * w + 1] = w;
        rows[3 * w] = s;
        rows[3 * w + 1] = w;
        rows[3 * w + 2] = s;
        res[2 * w] = d;
        res[2 * w + 1] = w;
        mlp[3 * w] = d;
        mlp[3 * w + 1] = w;
        mlp[3 * w + 2] = d + w;
      }
      RunFiles file =
          RunFiles.shard()
              .ints("tokens", BOS, 10, 11, 12, EOS)
              .longs("tokens.rows", 2, places)
              .bytes("tokens.generated", 0, 0, 0, 0, 0)
              .longs("res.3.rows", 3, rows)
              .longs("mlp.3.rows", 3, rows);
      switch (dtype) {
        case "f32" -> file.floats("res.3", 2, res).floats("mlp.3", 3, mlp);
        case "bf16" -> file.halves("res.3", 2, res).halves("mlp.3", 3, mlp);
        default -> file.float16s("res.3", 2, res).float16s("mlp.3", 3, mlp);
      }
      file.writeTo(folder.resolve("activations-%05d.safetensors".formatted(s)));
    }
    return new PieceRun(
        folder,
        piece,
        first,
        documents,
        IntStream.range(0, documents).mapToLong(s -> first + s).toArray(),
        Set.of(BOS, EOS));
  }

  /** Makes the missing pieces. */
  static void fill(StoreFolder store, Asked asked) throws IOException {
    store.found(FOUND);
    for (int piece : store.missing()) {
      int documents = (int) Math.min(2, asked.documents() - 2L * piece);
      store.add(run(store.work(), piece, documents, asked.dtype()));
    }
  }

  /** Makes a store of a share. */
  static void fill(Path folder, Asked asked, Share share) throws IOException {
    try (StoreFolder store = StoreFolder.open(folder, asked, share)) {
      fill(store, asked);
    }
    StoreFolder.open(folder, asked, share).close(); // takes the runs' folders away
  }

  /** A whole store. */
  public static ActivationStore of(Path folder, long documents, String dtype) throws IOException {
    Asked asked = asked(documents, dtype);
    fill(folder, asked, Share.WHOLE);
    return ActivationStore.open(folder);
  }
}
