package gemma2.bench;

import gemma2.io.Checkpoint;
import gemma2.io.Tensor;
import gemma2.math.Dtype;
import gemma2.model.Config;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What passes through a model must read and multiply, counted from the shapes of its matrices. The
 * embedding is a look-up of single rows and counts only where it is the output head too; norms,
 * activations and the cache of keys and values are not counted.
 */
public final class Work {

  private final Config config;
  private final List<Tensor> blocks;
  private final Tensor head;

  private Work(Config config, List<Tensor> blocks, Tensor head) {
    this.config = config;
    this.blocks = blocks;
    this.head = head;
  }

  /** The work of the blocks that {@code config} has, and of the head. */
  public static Work of(Config config, Checkpoint checkpoint) {
    String headName = config.tied() ? "model.embed_tokens.weight" : "lm_head.weight";
    List<Tensor> blocks = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      checkpoint.tensors().stream()
          .filter(tensor -> tensor.name().startsWith(prefix) && tensor.shape().size() == 2)
          .forEach(blocks::add);
    }
    Tensor head =
        checkpoint.tensors().stream()
            .filter(tensor -> tensor.name().equals(headName))
            .findFirst()
            .orElseThrow();
    return new Work(config, blocks, head);
  }

  /** The stored bytes of every matrix that one token is multiplied by: the blocks', the head. */
  List<MemorySegment> weights() {
    return matrices().map(Tensor::data).toList();
  }

  /** How the matrices are stored, {@code bf16}. */
  String dtypes() {
    return matrices()
        .map(Tensor::dtype)
        .distinct()
        .map(Dtype::name)
        .map(name -> name.toLowerCase(Locale.ROOT))
        .collect(Collectors.joining("+"));
  }

  /** How many bytes these are. */
  long bytesPerToken() {
    return weights().stream().mapToLong(MemorySegment::byteSize).sum();
  }

  /**
   * Additions and multiplications of the matrix products when {@code positions} pass through the
   * blocks and the last of them through the head: two for each number of a matrix and position.
   */
  long productFlops(int positions) {
    long numbers = blocks.stream().mapToLong(Work::numbers).sum();
    return 2 * numbers * positions + 2 * numbers(head);
  }

  /**
   * Additions and multiplications of attention itself when a sequence begins with {@code positions}
   * in one go: for each head, a product of a query with every key it may see, and the same again
   * with the values.
   */
  long attentionFlops(int positions) {
    long flops = 0;
    for (boolean slides : config.sliding()) {
      for (int position = 0; position < positions; position++) {
        long seen = slides ? Math.min(position + 1, config.window()) : position + 1;
        flops += 2 * 2 * seen * config.heads() * config.headDim();
      }
    }
    return flops;
  }

  private Stream<Tensor> matrices() {
    return Stream.concat(blocks.stream(), Stream.of(head));
  }

  private static long numbers(Tensor matrix) {
    return matrix.shape().get(0) * matrix.shape().get(1);
  }
}
