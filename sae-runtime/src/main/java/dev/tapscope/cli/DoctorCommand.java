package dev.tapscope.cli;

import dev.tapscope.view.Terminal;
import java.io.File;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code tapscope doctor}: what is here and what is missing. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    header = {
      "Check what Tapscope finds on this machine; exit 3 when something needed is missing.",
      "",
      "  tapscope doctor",
      "  tapscope doctor --json",
      ""
    })
final class DoctorCommand implements Callable<Integer> {
  private static final Runtime.Version LEAST_JAVA = Runtime.Version.parse("25.0.3");
  private static final String VECTOR = "jdk.incubator.vector";

  @Option(names = "--json", description = "Print one JSON document.")
  private boolean json;

  private final Screen screen;
  private final Places places;

  DoctorCommand(Screen screen, Places places) {
    this.screen = screen;
    this.places = places;
  }

  /**
   * One thing looked at.
   *
   * @param good whether it is as it should be
   * @param needed whether Tapscope cannot do its work without
   */
  record Finding(String what, boolean good, boolean needed, String found) {}

  @Override
  public Integer call() {
    List<Finding> findings = findings();
    boolean well = findings.stream().allMatch(f -> f.good() || !f.needed());
    screen.out().println(json ? document(findings, well) : text(findings, well));
    return well ? 0 : 3;
  }

  private List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    boolean recent = Runtime.version().compareToIgnoreOptional(LEAST_JAVA) >= 0;
    findings.add(
        new Finding(
            "Java",
            recent,
            true,
            Runtime.version()
                + " at "
                + System.getProperty("java.home")
                + (recent
                    ? ""
                    : "; at least " + LEAST_JAVA + " is needed, for example from adoptium.net")));
    boolean vector = ModuleFinder.ofSystem().find(VECTOR).isPresent();
    findings.add(
        new Finding(
            "Vector API",
            vector,
            false,
            vector
                ? "module " + VECTOR + " is there"
                : "this Java has no module " + VECTOR + "; plain loops are used"));
    findings.add(jar("agent", places.agent(), "instrument-agent"));
    findings.add(jar("SAE runtime", places.runtime(), "sae-runtime"));
    findings.add(jar("Gemma 2 sample", places.gemma2(), "samples/gemma2"));
    findings.addAll(GpuFindings.ofMachine());
    Terminal terminal = screen.terminal(Terminal.Choice.AUTO);
    String colours =
        switch (terminal.colours()) {
          case NONE -> "no colours, bars instead";
          case PALETTE -> "256 colours";
          case TRUE -> "24-bit colours";
        };
    findings.add(new Finding("terminal", true, false, terminal.columns() + " columns, " + colours));
    findings.add(browser());
    return findings;
  }

  private static Finding jar(String what, Path jar, String module) {
    boolean there = Files.isRegularFile(jar);
    return new Finding(
        what,
        there,
        true,
        there
            ? jar.toString()
            : jar + " is missing; mvn -q -DskipTests -pl " + module + " -am package");
  }

  private Finding browser() {
    Optional<Path> found =
        Stream.of("chromium", "chromium-browser", "google-chrome")
            .flatMap(name ->
                Stream.of(
                        screen.environment().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                    .filter(folder -> !folder.isEmpty())
                    .map(folder -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst();
    return new Finding(
        "Chromium",
        found.isPresent(),
        false,
        found
            .map(Path::toString)
            .orElse("not on PATH; only the test of the HTML page needs it and is skipped"));
  }

  private static String text(List<Finding> findings, boolean well) {
    StringBuilder text = new StringBuilder();
    for (Finding finding : findings) {
      String mark = finding.good() ? "ok " : finding.needed() ? "no " : "–  ";
      text.append("%s %-15s %s%n".formatted(mark, finding.what(), finding.found()));
    }
    return text
        + (well
            ? "All that is needed is here."
            : "Something needed is missing; see the lines above.");
  }

  private static String document(List<Finding> findings, boolean well) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-doctor/1");
    document.put("ok", well);
    document.put(
        "findings",
        findings.stream()
            .map(f -> {
              Map<String, Object> map = new LinkedHashMap<>();
              map.put("what", f.what());
              map.put("ok", f.good());
              map.put("needed", f.needed());
              map.put("found", f.found());
              return map;
            })
            .toList());
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(document);
  }
}
