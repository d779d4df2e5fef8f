package dev.tapscope.bench;

import dev.tapscope.fixtures.Fixtures;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.zip.GZIPInputStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measures how fast activations of a corpus are kept, against the same model that only scores it:
 * both as a user starts them, each in JVMs of its own, one after the other in an order of each
 * round's own.
 */
@Command(
    name = "harvest",
    mixinStandardHelpOptions = true,
    header = {
      "How many positions a second a harvest keeps, and the model alone computes.",
      "",
      "  samples/bench/run harvest",
      "  samples/bench/run harvest --documents 2048 --capture \"res.*\" --rounds 5",
      ""
    })
final class HarvestBench implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Model folder; the tiny Gemma 2 by default.")
  private Path model = Fixtures.tinyGemma2();

  @Option(
      names = "--documents",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Documents of the tiny model's training text (${DEFAULT-VALUE}).")
  private int documents;

  @Option(
      names = "--capture",
      paramLabel = "SITES",
      defaultValue = "res.3",
      description = "What is kept (${DEFAULT-VALUE}).")
  private String capture;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Rounds, of which the medians are shown (${DEFAULT-VALUE}).")
  private int rounds;

  private final Path root = Path.of(System.getProperty("tapscope.root", "."));
  private final List<Double> scoring = new ArrayList<>();
  private final List<Double> harvesting = new ArrayList<>();
  private long positions;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (documents < 1 || rounds < 1) {
      System.err.println("bench: [usage] --documents and --rounds are at least 1.");
      return CommandLine.ExitCode.USAGE;
    }
    Path folder = Files.createTempDirectory("tapscope-bench");
    try {
      Path corpus = corpus(folder);
      Random random = new Random(1);
      for (int round = 0; round < rounds; round++) {
        List<Boolean> order = new ArrayList<>(List.of(true, false));
        Collections.shuffle(order, random);
        for (boolean harvested : order) {
          if (harvested) {
            harvest(corpus, folder.resolve("store-" + round));
          } else {
            score(corpus, folder.resolve("scores"));
          }
        }
      }
    } finally {
      Main.delete(folder);
    }
    print();
    return CommandLine.ExitCode.OK;
  }

  private Path corpus(Path folder) throws IOException {
    Path text = Fixtures.tinyGemma2().resolve("text/train.jsonl.gz");
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(text)), StandardCharsets.UTF_8))) {
      List<String> first = lines.lines().limit(documents).toList();
      documents = first.size();
      return Files.write(folder.resolve("corpus.jsonl"), first);
    }
  }

  private void score(Path corpus, Path out) throws IOException, InterruptedException {
    String command = root.resolve("samples/gemma2/bin/gemma2").toString();
    scoring.add(
        seconds(
            out,
            List.of(
                command,
                "score",
                "--model",
                model.toString(),
                "--prompts",
                corpus.toString(),
                "--json")));
  }

  private void harvest(Path corpus, Path store) throws IOException, InterruptedException {
    String command = root.resolve("sae-runtime/bin/tapscope").toString();
    Path out = store.resolveSibling("harvested");
    harvesting.add(
        seconds(
            out,
            List.of(
                command,
                "harvest",
                "--model",
                model.toString(),
                "--capture",
                capture,
                "--corpus",
                corpus.toString(),
                "--out",
                store.toString(),
                "--json")));
    positions =
        new JsonMapper().readTree(Files.readString(out)).get("positions_computed").longValue();
  }

  private static double seconds(Path out, List<String> command)
      throws IOException, InterruptedException {
    Path errors = out.resolveSibling("errors");
    long began = System.nanoTime();
    int exit =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start()
            .waitFor();
    double taken = (System.nanoTime() - began) / 1e9;
    if (exit != 0) {
      throw new IllegalStateException(
          "%s ended with %d: %s"
              .formatted(String.join(" ", command), exit, Files.readString(errors)));
    }
    return taken;
  }

  private void print() {
    say("%d documents, %d positions, medians of %d rounds", documents, positions, rounds);
    say("  %-24s %8.0f positions/s", "the model scores them", positions / median(scoring));
    say(
        "  %-24s %8.0f positions/s, %.2f of that",
        capture + " is kept", positions / median(harvesting), median(scoring) / median(harvesting));
  }

  private static double median(List<Double> values) {
    return Result.median(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
