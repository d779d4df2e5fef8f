package dev.tapscope.cuda;

import static dev.tapscope.cuda.TrainingState.NULL;

import java.util.ArrayList;
import java.util.List;

/** What the kernels of gradients.cu are to do with the gradients of the rows of both matrices. */
sealed interface RowWork {
  /** Adam takes them. */
  record Move() implements RowWork {}

  /** Their squares are summed. */
  record Norm() implements RowWork {}

  /** They go to memory: {@code [F, d_in]}, {@code [F, d_out]} twice. */
  record Write(DeviceArray encoder, DeviceArray decoder, DeviceArray projected)
      implements RowWork {}

  /** The arguments that both kernels begin with. */
  default Object[] arguments(
      TrainingState state,
      StepArrays arrays,
      Encoder encoder,
      TrainingSettings settings,
      boolean offsets,
      Object... own) {
    List<Object> all = new ArrayList<>();
    all.add(
        switch (this) {
          case Move _ -> 0;
          case Norm _ -> 1;
          case Write _ -> 2;
        });
    all.add(arrays.inputs());
    all.add(arrays.outputs());
    all.add(settings.unitDecoder() ? 1 : 0);
    for (TrainingState.Parameter matrix : List.of(state.encoder(), state.decoder())) {
      all.add(matrix.values());
      all.add(matrix.v());
      all.add(matrix.means());
    }
    all.add(offsets ? state.decoderBias().values() : NULL);
    all.add(arrays.biasGradient());
    all.add(arrays.byLength());
    all.add(arrays.featureActive());
    all.add(state.settled());
    all.add(settings.ofLengths() ? arrays.decoderLength() : NULL);
    all.add(encoder.shadow().halves());
    all.add(encoder.shadow().stride());
    all.add(encoder.shadow().scales());
    all.add(encoder.shadow().norms());
    all.add(arrays.squares());
    if (this
        instanceof Write(DeviceArray toEncoder, DeviceArray toDecoder, DeviceArray toProjected)) {
      all.addAll(List.of(toEncoder, toDecoder, toProjected));
    } else {
      all.addAll(List.of(NULL, NULL, NULL));
    }
    all.add(arrays.values());
    all.add(arrays.counters());
    all.addAll(List.of(own));
    return all.toArray();
  }
}
