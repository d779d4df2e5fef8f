package dev.tapscope.cli;

import dev.tapscope.store.StoreCheck;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope harvest verify}: whether a store is what its manifest says. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    header = {
      "Read every file of a store again: hashes, counts, and that nothing left out is in it.",
      "",
      "  tapscope harvest verify store",
      "",
      "Exit code 3 when anything differs.",
      ""
    })
final class HarvestVerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "STORE", description = "Folder of the store.")
  private Path store;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;

  HarvestVerifyCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    StoreCheck check = StoreCheck.of(store);
    if (json) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("schema", "tapscope-verify/1");
      document.put("store", store.toString());
      document.put("pieces", check.pieces());
      document.put("rows", check.rows());
      document.put("differences", check.differences());
      screen.out().println(new JsonMapper().writeValueAsString(document));
    } else {
      List<String> differences = check.differences();
      differences.forEach(screen.out()::println);
      screen
          .out()
          .println(
              "%s: %,d pieces, %,d rows; %s"
                  .formatted(
                      store,
                      check.pieces(),
                      check.rows(),
                      differences.isEmpty()
                          ? "all as the manifest says"
                          : differences.size() + " differences"));
    }
    return check.differences().isEmpty() ? 0 : TapscopeException.CHECK;
  }
}
