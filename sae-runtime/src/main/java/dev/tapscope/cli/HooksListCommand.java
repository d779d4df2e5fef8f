package dev.tapscope.cli;

import dev.tapscope.hooks.ClassPath;
import dev.tapscope.hooks.CodeListing;
import dev.tapscope.hooks.CodeListing.Entry;
import dev.tapscope.hooks.CodeListing.Section;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope hooks list}: what can be tapped in a method. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    header = {
      "List what can be tapped in a method, as lines of a profile.",
      "",
      "  tapscope hooks list samples/gemma2/target/gemma2.jar Block.forward",
      "  tapscope hooks list model.jar lib/tensors.jar 'demo.Block.forward(float[], int)'",
      "  tapscope hooks list target/classes demo.Block.forward --lambda 1",
      ""
    })
final class HooksListCommand implements Callable<Integer> {
  @Parameters(
      arity = "2..*",
      paramLabel = "JAR|FOLDER|CLASS... OWNER.METHOD",
      hideParamSyntax = true,
      description = "What holds the classes, in class path order, then the method.")
  private List<String> words;

  @Option(
      names = "--lambda",
      paramLabel = "N",
      description = "The Nth lambda of the method; again for a lambda in that.")
  private List<Integer> lambdas = List.of();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;

  HooksListCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    List<Path> paths = words.subList(0, words.size() - 1).stream().map(Path::of).toList();
    try (ClassPath classes = ClassPath.open(paths)) {
      classes.notes().forEach(screen::say);
      CodeListing listing = CodeListing.of(classes, words.getLast(), lambdas);
      if (json) {
        screen.out().println(document(listing));
      } else {
        screen.out().print(text(listing));
      }
    }
    return 0;
  }

  private static String text(CodeListing listing) {
    StringBuilder text = new StringBuilder();
    text.append("in     ").append(listing.in()).append('\n');
    text.append("body   ").append(listing.body()).append('\n');
    if (!listing.named()) {
      text.append("# compiled without names of variables: write slots\n");
    }
    for (Section section : listing.sections()) {
      text.append("\n# ").append(section.kind()).append('\n');
      Table table = new Table();
      for (Entry entry : section.entries()) {
        String comma = entry.type().isEmpty() || entry.where().isEmpty() ? "" : ", ";
        table.row(entry.text(), "# " + entry.type() + comma + entry.where());
        entry.also().forEach(line -> table.row(line, "# the same"));
      }
      text.append(table.text());
    }
    return text.toString();
  }

  private static String document(CodeListing listing) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-hooks-list/1");
    document.put("in", listing.in());
    document.put("body", listing.body());
    document.put("named", listing.named());
    for (Section section : listing.sections()) {
      document.put(
          section.kind(), section.entries().stream().map(HooksListCommand::entry).toList());
    }
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(document);
  }

  private static Map<String, Object> entry(Entry entry) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("text", entry.text());
    map.put("where", entry.where());
    if (!entry.type().isEmpty()) {
      map.put("type", entry.type());
    }
    if (!entry.also().isEmpty()) {
      map.put("also", entry.also());
    }
    return map;
  }
}
