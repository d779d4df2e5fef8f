package dev.tapscope.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What gpu-check runs on a machine with a GPU: the parts of the check that need Java, and the
 * report. Exit status 0 where all is well, 1 where something failed, 2 where the arguments are
 * wrong.
 */
final class GpuCheck {
  private static final String USAGE =
      """
      GpuCheck check|encode|step|sanitize --measures FILE --work FOLDER [--tiny]
      GpuCheck report --part PART --measures FILE --date DATE --out FOLDER [--results FOLDER]
      """;

  private GpuCheck() {}

  public static void main(String[] arguments) throws IOException {
    int status;
    try {
      status = run(Arguments.of(arguments));
    } catch (IllegalArgumentException e) {
      System.err.println("gpu-check: " + e.getMessage() + "\n" + USAGE);
      status = 2;
    }
    System.exit(status);
  }

  /**
   * @param verb what to do
   * @param options values by name; those that take none have an empty one
   */
  record Arguments(String verb, Map<String, String> options) {
    private static final List<String> VERBS =
        List.of("check", "encode", "step", "sanitize", "report");
    private static final List<String> NAMES =
        List.of("--measures", "--work", "--part", "--date", "--out", "--results");

    static Arguments of(String... arguments) {
      if (arguments.length == 0 || !VERBS.contains(arguments[0])) {
        throw new IllegalArgumentException(
            "the first argument has to be one of " + String.join(", ", VERBS));
      }
      Map<String, String> options = new LinkedHashMap<>();
      List<String> rest = new ArrayList<>(Arrays.asList(arguments).subList(1, arguments.length));
      while (!rest.isEmpty()) {
        String name = rest.removeFirst();
        if (name.equals("--tiny")) {
          options.put(name, "");
        } else if (!NAMES.contains(name)) {
          throw new IllegalArgumentException("there is no option " + name);
        } else if (rest.isEmpty()) {
          throw new IllegalArgumentException(name + " needs a value");
        } else {
          options.put(name, rest.removeFirst());
        }
      }
      return new Arguments(arguments[0], Map.copyOf(options));
    }

    String get(String name) {
      return Optional.ofNullable(options.get(name))
          .orElseThrow(() -> new IllegalArgumentException("%s needs %s".formatted(verb, name)));
    }

    Scale scale() {
      return options.containsKey("--tiny") ? Scale.TINY : Scale.FULL;
    }
  }

  static int run(Arguments arguments) throws IOException {
    Path file = Path.of(arguments.get("--measures"));
    if (arguments.verb().equals("report")) {
      return report(arguments, file);
    }
    Measures measures = new Measures(file);
    Path work = Path.of(arguments.get("--work"));
    Scale scale = arguments.scale();
    try (Gpu gpu = Gpu.open()) {
      measures.say("card", gpu.name());
      measures.say("newest CUDA of the driver", gpu.found().driver());
      switch (arguments.verb()) {
        case "check" -> check(gpu, scale, measures);
        case "encode" -> new CheckEncode(gpu, scale, measures).measure();
        // Its steps are on GPUs of their own, for their peaks; this one keeps the context
        // meanwhile.
        case "step" -> new CheckStep(scale, measures, work).measure();
        default -> new CheckKernels(gpu, measures, 5).check(List.of(Scale.TINY.shapes().get(1)));
      }
    } catch (GpuException e) {
      measures.fail(arguments.verb(), e.getMessage());
    }
    return failures(Measures.read(file)).isEmpty() ? 0 : 1;
  }

  private static void check(Gpu gpu, Scale scale, Measures measures) {
    measures.attempt("modules", () -> loadAll(gpu, measures));
    measures.say("cuBLAS", words(Cublas.probe()));
    if (Cublas.probe() instanceof Cublas.Found(_, _, boolean forwarded) && forwarded) {
      measures.add("functions that reach cuBLAS 13", Cublas.reached(Cublas.forwarding()));
    }
    // Fresh numbers every time; the seed makes a failure repeatable.
    long seed = System.currentTimeMillis() & 0xffff;
    measures.add("seed", seed);
    CheckKernels kernels = new CheckKernels(gpu, measures, seed);
    measures.attempt("product by cuBLAS", kernels::product);
    kernels.check(scale.shapes());
    new Ceilings(gpu, scale, measures).measure();
  }

  static String words(Cublas.Probe probe) {
    return switch (probe) {
      case Cublas.Found found -> found.sentence();
      case Cublas.Absent absent -> absent.sentence();
    };
  }

  /** Every kernel of every file: the driver compiles them all. */
  private static void loadAll(Gpu gpu, Measures measures) throws IOException {
    int kernels = 0;
    long begin = System.nanoTime();
    for (String source : sources()) {
      for (String name : Ptx.load(source).entries().keySet()) {
        gpu.kernel(source, name);
        kernels++;
      }
    }
    measures.add("kernels that load", kernels);
    measures.add("their loading, ms", (System.nanoTime() - begin) * 1e-6);
  }

  private static List<String> sources() throws IOException {
    try (InputStream manifest = Ptx.class.getResourceAsStream("ptx.manifest")) {
      return new String(manifest.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.endsWith(".ptx"))
          .map(line -> line.replaceAll("^.* |\\.ptx$", ""))
          .toList();
    }
  }

  private static List<String> failures(Map<String, Object> values) {
    return values.keySet().stream().filter(name -> name.startsWith(Measures.FAILED)).toList();
  }

  private static int report(Arguments arguments, Path file) throws IOException {
    Map<String, Object> measured = Files.exists(file) ? Measures.read(file) : new LinkedHashMap<>();
    String card = String.valueOf(measured.getOrDefault("card", "no card"));
    boolean emulated = card.contains("emulated");
    String date = arguments.get("--date");
    String part = arguments.get("--part");
    Path out = Path.of(arguments.get("--out"));
    // An emulated card has no speed: its results stay out of the folder of results.
    Optional<Path> kept =
        Optional.ofNullable(arguments.options().get("--results"))
            .filter(_ -> !emulated && measured.containsKey("card"))
            .map(Path::of);
    ResultsFile results = ResultsFile.in(kept.orElse(out), date, card);
    Map<String, Map<String, Object>> parts = results.partsWith(part, measured);
    Map<String, Object> all = new LinkedHashMap<>();
    parts.values().forEach(all::putAll);
    List<Goals.Goal> goals = Goals.of(all);
    results.write(date, card, emulated, parts, goals);
    if (kept.isPresent()) {
      ResultsFile.in(out, date, card).write(date, card, emulated, parts, goals);
    }
    System.out.println("\n" + results.path());
    List<String> failures = failures(measured);
    for (String name : failures) {
      System.out.println(name + ": " + measured.get(name));
    }
    System.out.println();
    System.out.print(Goals.table(goals));
    if (emulated) {
      System.out.println("The card is emulated: its times say nothing.");
    }
    return failures.isEmpty() ? 0 : 1;
  }
}
