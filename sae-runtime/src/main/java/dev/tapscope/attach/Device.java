package dev.tapscope.attach;

import dev.tapscope.cuda.Cuda;
import dev.tapscope.edit.Nearest;
import dev.tapscope.tap.TapscopeException;
import java.util.List;

/** The option {@code device}: where SAEs run. */
final class Device {
  static final String CPU = "cpu";

  private Device() {}

  /**
   * Follows {@code auto}, {@code cpu} or {@code cuda}. There are no CUDA kernels in this version,
   * so what is left is the CPU.
   */
  static String choose(String option) {
    return switch (option) {
      case "auto", CPU -> CPU;
      case "cuda" -> throw TapscopeException.failed("device-cuda", withoutCuda(Cuda.probe()));
      default ->
          throw TapscopeException.usage(
              "device-unknown",
              "device=%s is none of auto, cpu and cuda%s."
                  .formatted(option, Nearest.hint(option, List.of("auto", CPU, "cuda"))));
    };
  }

  private static String withoutCuda(Cuda.Probe probe) {
    String here =
        switch (probe) {
          case Cuda.Found found ->
              "this version has no CUDA kernels for SAEs, though there is a %s"
                  .formatted(found.name());
          case Cuda.Absent absent -> "there is no GPU to use: " + absent.sentence();
        };
    return "device=cuda was asked for, and %s Use device=cpu or device=auto."
        .formatted(here.endsWith(".") ? here : here + ".");
  }
}
