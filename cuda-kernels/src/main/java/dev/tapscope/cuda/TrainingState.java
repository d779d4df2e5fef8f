package dev.tapscope.cuda;

import dev.tapscope.cuda.GpuTraining.Array;
import dev.tapscope.cuda.GpuTraining.Element;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The arrays on the card that are trained, and what Adam keeps of them. */
final class TrainingState {
  /** An array with Adam's moments of its gradient. */
  record Parameter(DeviceArray values, DeviceArray v, Optional<DeviceArray> m) {
    /** The mean gradients, or a null pointer. */
    Object means() {
      return m.isPresent() ? m.get() : NULL;
    }
  }

  /** A null pointer, for {@link Kernel#launch}. */
  static final Long NULL = 0L;

  private final TrainingSettings settings;
  private final Holdings holdings;
  private final List<Array> arrays = new ArrayList<>();
  private final Map<String, DeviceArray> byName = new LinkedHashMap<>();
  private final Parameter encoder;
  private final Parameter decoder;
  private final Parameter encoderBias;
  private final Parameter decoderBias;
  private final Parameter trainedThreshold;
  private final DeviceArray threshold;
  private final DeviceArray settled;
  private final DeviceArray tokensSinceFired;

  TrainingState(
      Holdings holdings, int inputs, int features, int outputs, TrainingSettings settings) {
    this.settings = settings;
    this.holdings = holdings;
    encoder = parameter("W_enc", features, inputs);
    decoder = parameter("W_dec", features, outputs);
    encoderBias = parameter("b_enc", features);
    decoderBias = parameter("b_dec", outputs);
    trainedThreshold = parameter(settings.thresholdName(), features);
    threshold =
        settings.logThreshold()
            ? holdings.zeros("thresholds", (long) features * Float.BYTES)
            : trainedThreshold.values();
    arrays.add(new Array("steps", Element.I64, List.of(1L)));
    settled = array("settled", Element.I64, features);
    tokensSinceFired = array("tokens_since_fired", Element.I64, features);
  }

  /** Bytes of all arrays. */
  static long bytes(long inputs, long features, long outputs, TrainingSettings settings) {
    long values = features * (inputs + outputs + 2) + outputs;
    long copies = settings.lazy() ? 2 : 3;
    long thresholds = settings.logThreshold() ? features : 0;
    return Float.BYTES * (copies * values + thresholds) + Long.BYTES * 2 * features;
  }

  private Parameter parameter(String name, long... shape) {
    return new Parameter(
        array(name, Element.F32, shape),
        array("v." + name, Element.F32, shape),
        settings.lazy() ? Optional.empty() : Optional.of(array("m." + name, Element.F32, shape)));
  }

  private DeviceArray array(String name, Element element, long... shape) {
    List<Long> sizes = new ArrayList<>();
    for (long size : shape) {
      sizes.add(size);
    }
    Array array = new Array(name, element, sizes);
    DeviceArray values = holdings.zeros(name, array.bytes());
    arrays.add(array);
    byName.put(name, values);
    return values;
  }

  /** All of them, and {@code steps}, which the host keeps. */
  List<Array> arrays() {
    return List.copyOf(arrays);
  }

  /** The array of that name; not of {@code steps}. */
  DeviceArray named(String name) {
    return byName.get(name);
  }

  Parameter encoder() {
    return encoder;
  }

  Parameter decoder() {
    return decoder;
  }

  Parameter encoderBias() {
    return encoderBias;
  }

  Parameter decoderBias() {
    return decoderBias;
  }

  /** The thresholds or their logarithms. */
  Parameter trainedThreshold() {
    return trainedThreshold;
  }

  /** The thresholds themselves, {@code [F]}. */
  DeviceArray threshold() {
    return threshold;
  }

  DeviceArray settled() {
    return settled;
  }

  DeviceArray tokensSinceFired() {
    return tokensSinceFired;
  }
}
