package dev.tapscope.device;

import dev.tapscope.edit.Nearest;
import dev.tapscope.tap.TapscopeException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The option {@code device}: where SAEs are to run. */
public enum DeviceOption {
  /** The GPU where there is one that can be used, else the CPU. */
  AUTO,
  CPU,
  /** The GPU, or nothing. */
  CUDA;

  /**
   * @throws TapscopeException {@code device-unknown}
   */
  public static DeviceOption of(String word) {
    List<String> words = Arrays.stream(values()).map(DeviceOption::toString).toList();
    int at = words.indexOf(word);
    if (at < 0) {
      throw TapscopeException.usage(
          "device-unknown",
          "device=%s is none of auto, cpu and cuda%s.".formatted(word, Nearest.hint(word, words)));
    }
    return values()[at];
  }

  /** As users write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
