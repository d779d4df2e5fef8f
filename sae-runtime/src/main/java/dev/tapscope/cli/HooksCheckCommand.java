package dev.tapscope.cli;

import dev.tapscope.hooks.BodyLines;
import dev.tapscope.hooks.CheckReport;
import dev.tapscope.hooks.ClassDump;
import dev.tapscope.hooks.ClassPath;
import dev.tapscope.hooks.ProfileCheck;
import dev.tapscope.hooks.SiteFinding;
import dev.tapscope.hooks.SiteFinding.Fitting;
import dev.tapscope.hooks.WrittenProfile;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope hooks check}: does a profile fit a jar, without running it. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    header = {
      "Weave a profile into classes as the agent does, without loading or running any of them.",
      "",
      "  tapscope hooks check gemma2 samples/gemma2/target/gemma2.jar",
      "  tapscope hooks check my.taps model.jar lib/tensors.jar --dump woven",
      "  tapscope hooks check my.taps model.jar --accept",
      "  tapscope hooks check my.taps target/classes --json | jq '.sites[] | select(.fits | not)'",
      "",
      "ends with 3 when a tap does not fit, and says what to write instead.",
      ""
    })
final class HooksCheckCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "PROFILE",
      description = "A built-in profile or a .taps file.")
  private String name;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "JAR|FOLDER|CLASS",
      description = "What holds the classes, in class path order.")
  private List<Path> paths;

  @Option(
      names = "--accept",
      description = "Bind each tap to the code it fits: write 'body' lines into the profile.")
  private boolean accept;

  @Option(
      names = "--dump",
      paramLabel = "DIR",
      description = "Write the woven classes there, as they were, and what changed.")
  private Optional<Path> dump = Optional.empty();

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  private final Screen screen;

  HooksCheckCommand(Screen screen) {
    this.screen = screen;
  }

  @Override
  public Integer call() {
    CheckReport report;
    WrittenProfile profile = WrittenProfile.read(name);
    try (ClassPath classes = ClassPath.open(paths)) {
      report =
          accept ? ProfileCheck.withoutBodies(profile, classes) : ProfileCheck.of(profile, classes);
      if (accept && report.misfits().isEmpty()) {
        screen.say(
            "wrote "
                + counted(BodyLines.accept(profile, classes), "body line", "body lines")
                + " into "
                + name);
      }
    }
    report.notes().forEach(screen::say);
    dump.ifPresent(folder -> write(report, folder));
    if (json) {
      screen.out().println(document(report));
    } else {
      screen.out().print(text(report));
    }
    if (!report.misfits().isEmpty()) {
      throw TapscopeException.check(
          "profile-misfit",
          report.misfits().size()
              + " of the "
              + report.sites().size()
              + " taps of profile '"
              + report.profile()
              + "' do not fit, as said "
              + (json ? "in the document." : "above: correct their lines and check again."));
    }
    return 0;
  }

  private void write(CheckReport report, Path folder) {
    ClassDump to = new ClassDump(folder);
    report.woven().forEach(to::write);
    screen.say(
        "wrote "
            + counted(report.woven().size(), "woven class", "woven classes")
            + " with their differences to "
            + folder);
  }

  private static String text(CheckReport report) {
    Table table = new Table().row("", "site", "method", "place", "value", "type", "how", "size");
    for (SiteFinding site : report.sites()) {
      site.fit()
          .ifPresentOrElse(
              fit -> table.row(fitting(site, fit)),
              () ->
                  table.row(
                      "misfit", site.site(), site.method(), site.place(), site.value(), site.id()));
    }
    StringBuilder text = new StringBuilder(table.text());
    for (SiteFinding site : report.misfits()) {
      text.append("\n%s%s: %s%n".formatted(site.site(), lineOf(site), site.sentence()));
    }
    int fitting = report.sites().size() - report.misfits().size();
    return text.append(
            "%nprofile %s: %d ok, %s, in %s%n"
                .formatted(
                    report.profile(),
                    fitting,
                    counted(report.misfits().size(), "misfit", "misfits"),
                    counted(report.classes(), "class", "classes")))
        .toString();
  }

  private static String lineOf(SiteFinding site) {
    return site.line() > 0 ? " (line " + site.line() + " of the profile)" : "";
  }

  private static String[] fitting(SiteFinding site, Fitting fit) {
    return new String[] {
      "ok",
      site.site(),
      site.method(),
      site.place() + ", " + fit.where(),
      site.value(),
      fit.type(),
      fit.assignable() ? "assignable" : "in place only",
      fit.before()
          + " to "
          + fit.after()
          + " bytes"
          + fit.warning().map(warning -> ", " + warning).orElse("")
    };
  }

  private static String counted(int n, String one, String many) {
    return n + " " + (n == 1 ? one : many);
  }

  private static String document(CheckReport report) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-hooks-check/1");
    document.put("profile", report.profile());
    document.put("ok", report.misfits().isEmpty());
    document.put("classes", report.classes());
    document.put("notes", report.notes());
    document.put("sites", report.sites().stream().map(HooksCheckCommand::entry).toList());
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(document);
  }

  private static Map<String, Object> entry(SiteFinding site) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("site", site.site());
    entry.put("fits", site.fits());
    entry.put("id", site.id());
    entry.put("line", site.line());
    entry.put("method", site.method());
    entry.put("place", site.place());
    entry.put("value", site.value());
    site.fit()
        .ifPresent(fit -> {
          entry.put("where", fit.where());
          entry.put("type", fit.type());
          entry.put("assignable", fit.assignable());
          entry.put("bytes_before", fit.before());
          entry.put("bytes_after", fit.after());
          fit.warning().ifPresent(warning -> entry.put("warning", warning));
        });
    entry.put("sentence", site.sentence());
    return entry;
  }
}
