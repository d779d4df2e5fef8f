package dev.tapscope.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Prints how a run in a running JVM stands. */
final class LiveScreen {
  private LiveScreen() {}

  static void print(Screen screen, long pid, Target.State state, boolean json) {
    if (!json) {
      state.lines().forEach(screen.out()::println);
      return;
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-live/1");
    document.put("pid", pid);
    document.put("state", state.state());
    document.put("exit", state.exit());
    document.put("lines", state.lines());
    screen
        .out()
        .println(
            JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(document));
  }
}
