package targets;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Attention whose weights lie in buffers that are made once and used for every call: what remains
 * of a buffer are the keys a position sees, and around them stands what earlier calls have left.
 * The first head's buffers lie on the heap, the second's do not. Every number can be followed by
 * hand.
 */
public final class Pooled {
  private static final int LONGEST = 8;
  private static final int WINDOW = 3;

  private final FloatBuffer[][] scores = buffers();
  private final FloatBuffer[][] pattern = buffers();
  private final float[] ids = new float[LONGEST];

  private static FloatBuffer[][] buffers() {
    FloatBuffer[][] buffers = new FloatBuffer[LONGEST][2];
    for (FloatBuffer[] position : buffers) {
      position[0] = FloatBuffer.allocate(LONGEST);
      position[1] =
          ByteBuffer.allocateDirect(4 * LONGEST).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }
    return buffers;
  }

  /** For each position the sum of {@code 22 * (key + 1) * id} over the keys it sees. */
  public float[] forward(int[] tokens, int start) {
    for (int i = 0; i < tokens.length; i++) {
      ids[start + i] = tokens[i];
    }
    FloatBuffer[][] weights = doubled(compare(tokens.length, start));
    float[] mixed = mix(weights);
    return mixed;
  }

  /** {@code key + 1} in the first head, ten times that in the second. */
  private FloatBuffer[][] compare(int positions, int start) {
    for (int i = 0; i < positions; i++) {
      int position = start + i;
      int first = Math.max(0, position - WINDOW + 1);
      for (int head = 0; head < 2; head++) {
        scores[i][head].limit(position + 1).position(first);
        for (int key = first; key <= position; key++) {
          scores[i][head].put(key, (head == 0 ? 1 : 10) * (key + 1));
        }
      }
    }
    return Arrays.copyOf(scores, positions);
  }

  private FloatBuffer[][] doubled(FloatBuffer[][] from) {
    for (int i = 0; i < from.length; i++) {
      for (int head = 0; head < 2; head++) {
        FloatBuffer keys = from[i][head];
        FloatBuffer to = pattern[i][head];
        to.limit(keys.limit()).position(keys.position());
        for (int key = keys.position(); key < keys.limit(); key++) {
          to.put(key, 2 * keys.get(key));
        }
      }
    }
    return Arrays.copyOf(pattern, from.length);
  }

  private float[] mix(FloatBuffer[][] weights) {
    float[] mixed = new float[weights.length];
    for (int i = 0; i < weights.length; i++) {
      for (FloatBuffer keys : weights[i]) {
        for (int key = keys.position(); key < keys.limit(); key++) {
          mixed[i] += keys.get(key) * ids[key];
        }
      }
    }
    return mixed;
  }
}
