package dev.tapscope.endtoend;

import gemma2.io.Checkpoint;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.ModelLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * A program over the sample's classes that prints, per repetition, a hash of every bit of every
 * logit of a prompt and of some greedy steps. The sample itself prints no logits.
 *
 * <p>Arguments: model folder, token ids joined by commas, steps, repetitions.
 */
final class LogitBits {
  private LogitBits() {}

  public static void main(String[] arguments) throws NoSuchAlgorithmException {
    Path folder = Path.of(arguments[0]);
    int[] prompt = Stream.of(arguments[1].split(",")).mapToInt(Integer::parseInt).toArray();
    int steps = Integer.parseInt(arguments[2]);
    Gemma2 model =
        ModelLoader.load(
            Config.read(folder),
            Checkpoint.open(folder),
            Kernels.choose(),
            new Workers(1),
            ModelLoader.Options.DEFAULT);
    for (int i = 0; i < Integer.parseInt(arguments[3]); i++) {
      System.out.println(hash(model, prompt, steps));
    }
  }

  private static String hash(Gemma2 model, int[] prompt, int steps)
      throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    KvCache cache = new KvCache(model.config(), prompt.length);
    float[][] logits = model.forward(prompt, 0, cache, prompt.length);
    add(digest, logits);
    for (int i = 0; i < steps; i++) {
      int next = argmax(logits[logits.length - 1]);
      logits = model.forward(new int[] {next}, cache.length(), cache, 1);
      add(digest, logits);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, float[][] logits) {
    for (float[] row : logits) {
      ByteBuffer bits = ByteBuffer.allocate(4 * row.length);
      for (float logit : row) {
        bits.putInt(Float.floatToRawIntBits(logit));
      }
      digest.update(bits.array());
    }
  }

  private static int argmax(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }
}
