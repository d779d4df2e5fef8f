package dev.tapscope.cli;

import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where SAEs run. */
final class DeviceFlag {
  @Option(
      names = "--device",
      paramLabel = "auto|cpu|cuda",
      description =
          "Where SAEs run: the GPU where it can be used (auto, the default), the CPU, or the GPU"
              + " and nothing else.")
  private Optional<String> device = Optional.empty();

  /**
   * Opens the device.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code device-unknown} or {@code device-cuda}
   */
  Device open(Screen screen) {
    return Device.open(option(), screen::say);
  }

  /** Whether nothing but the GPU will do. */
  boolean insists() {
    return option() == DeviceOption.CUDA;
  }

  /**
   * Hands it on to the agent.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code device-unknown}
   */
  void passTo(AgentOptions options) {
    option();
    device.ifPresent(word -> options.set("device", word));
  }

  private DeviceOption option() {
    return device.map(DeviceOption::of).orElse(DeviceOption.AUTO);
  }
}
