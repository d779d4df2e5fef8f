package dev.tapscope.cli;

import dev.tapscope.cli.DoctorCommand.Finding;
import dev.tapscope.cuda.Cublas;
import dev.tapscope.cuda.Cuda;
import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;

/** What doctor finds out about the GPU; none of it is needed. */
final class GpuFindings {
  private static final int SIZE = 64;

  private GpuFindings() {}

  static List<Finding> ofMachine() {
    return switch (Cuda.probe()) {
      case Cuda.Found found -> of(found);
      case Cuda.Absent absent -> of(absent);
    };
  }

  static List<Finding> of(Cuda.Absent absent) {
    return List.of(new Finding("GPU", false, false, absent.sentence()), auto("CPU"));
  }

  private static List<Finding> of(Cuda.Found found) {
    List<Finding> findings = new ArrayList<>();
    findings.add(new Finding("GPU", true, false, found.toString()));
    findings.add(kernels());
    boolean all = findings.stream().allMatch(Finding::good);
    findings.add(auto(all ? "GPU" : "CPU"));
    findings.add(cublas(Cublas.probe()));
    return findings;
  }

  static Finding cublas(Cublas.Probe probe) {
    return switch (probe) {
      case Cublas.Found found -> new Finding("cuBLAS", true, false, found.sentence());
      case Cublas.Absent absent ->
          new Finding(
              "cuBLAS", false, false, absent.sentence() + " Tapscope's own kernels do its work.");
    };
  }

  private static Finding auto(String device) {
    return new Finding("device=auto", true, false, "SAEs run and are trained on the " + device);
  }

  /** Runs a small SAE. */
  private static Finding kernels() {
    try (Device device = Device.open(DeviceOption.CUDA, sentence -> {})) {
      device.kernels(new SaeWeights.Draft(SIZE, SIZE, SIZE).finish());
      return new Finding(
          "CUDA kernels",
          true,
          false,
          "PTX for compute capability 8.0 and later; a row has been encoded and decoded");
    } catch (TapscopeException e) {
      return new Finding("CUDA kernels", false, false, e.getMessage());
    }
  }
}
