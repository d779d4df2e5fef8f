package dev.tapscope.cli;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope hooks census}: which values of a model are its sites. */
@Command(
    name = "census",
    mixinStandardHelpOptions = true,
    header = {
      "Run a model once with every tensor of its packages tapped, and tell which are its sites.",
      "",
      "  tapscope hooks census --package gemma2.. --out found.taps -- \\",
      "      samples/gemma2/bin/gemma2 generate --model DIR --prompt \"The City of Light is\" -n 4",
      "  tapscope hooks census --package demo.. --tensor demo.Tensor=demo -- java -jar demo.jar",
      "",
      "A prompt of several tokens and a few generated ones, greedily, show the most.",
      ""
    })
final class HooksCensusCommand implements Callable<Integer> {
  @Option(
      names = "--package",
      required = true,
      paramLabel = "PACKAGE",
      description = "demo.model, or demo.. with the packages below; may be given again.")
  private List<String> packages;

  @Option(
      names = "--tensor",
      paramLabel = "CLASS=CODEC",
      description = "A tensor type of the model's own and the codec that reads it.")
  private List<String> tensors = List.of();

  @Option(
      names = "--out",
      paramLabel = "FILE.taps",
      description = "Write the sites found as a profile.")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "What runs the model.")
  private List<String> command;

  private final Screen screen;
  private final Places places;

  HooksCensusCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  @Override
  public Integer call() throws IOException {
    try (RunPlace place = RunPlace.temporary()) {
      Path file = place.folder().resolveSibling("census.json");
      AgentOptions options =
          new AgentOptions().set("census", String.join("+", packages)).set("out", file.toString());
      if (!tensors.isEmpty()) {
        options.set("census.tensors", String.join("+", tensors));
      }
      OutputStream echo = json ? OutputStream.nullOutputStream() : screen.err();
      new TappedProcess(places, screen).run(command, options, echo);
      if (!Files.isRegularFile(file)) {
        throw TapscopeException.failed(
            "census-missing",
            "The command ended and no census was written: it started no JVM, or one that takes no"
                + " JAVA_TOOL_OPTIONS. The command was: "
                + String.join(" ", command));
      }
      String document = Files.readString(file);
      report(document, new JsonMapper().readTree(document));
      return 0;
    }
  }

  private void report(String document, JsonNode census) {
    census.get("notes").forEach(note -> screen.say(note.stringValue()));
    out.ifPresent(target -> {
      WholeFile.write(target, census.get("profile").stringValue());
      screen.say("wrote the profile to " + target);
    });
    if (json) {
      screen.out().print(document);
    } else {
      screen.out().print(CensusText.of(census));
    }
    if (census.get("sites").isEmpty()) {
      throw TapscopeException.check(
          "census-empty",
          "No site was found in packages "
              + census.get("packages").stringValue()
              + ": "
              + (census.get("places").isEmpty()
                  ? "no tensor was seen. Look at the package names."
                  : "what was seen satisfies none of the identities that define sites."));
    }
  }
}
