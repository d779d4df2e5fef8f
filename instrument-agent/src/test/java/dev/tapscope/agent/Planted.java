package dev.tapscope.agent;

import dev.tapscope.tap.Extension;
import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.PlantedHooks;
import java.nio.file.Path;
import java.util.Map;

/** A runtime jar with hooks planted by a test. */
final class Planted {
  private Planted() {}

  static Path jar(Path folder) {
    return ChildJvm.jar(
        folder.resolve("planted.jar"),
        Map.of(),
        Map.of("META-INF/services/" + Extension.class.getName(), PlantedHooks.class.getName()),
        PlantedHooks.class);
  }
}
