package dev.tapscope.cli;

import dev.tapscope.live.LivePass;
import dev.tapscope.live.PassOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * The main class of a model that sends passes as the agent's runtime would, and computes nothing:
 * each document is BOS and two tokens, whose rows of {@code res.3} are the document's length and
 * the place of the token. What is in a document may make it fail.
 */
final class FakeModel {
  private static final int BOS = 2;

  private FakeModel() {}

  /**
   * @param arguments the agent's options, the documents
   */
  public static void main(String[] arguments) throws IOException {
    Properties options = new Properties();
    try (var in = Files.newBufferedReader(Path.of(arguments[0]))) {
      options.load(in);
    }
    List<String> documents = Files.readAllLines(Path.of(arguments[1]));
    if (documents.getFirst().contains("silence")) {
      return;
    }
    PassOutput output = PassOutput.to(Path.of(options.getProperty("stream.to")));
    for (int d = 0; d < documents.size(); d++) {
      if (documents.get(d).contains("poison")) {
        System.err.println("cannot compute poison");
        System.exit(3);
      }
      if (documents.get(d).contains("halt")) {
        Runtime.getRuntime().halt(0);
      }
      if (documents.get(d).contains("skipped")) {
        continue;
      }
      float length = documents.get(d).length();
      output.write(
          new LivePass(
              d,
              0,
              new int[] {BOS, 10, 11},
              false,
              BOS,
              new TreeMap<>(Map.of("res.3", new float[] {length, 0, length, 1, length, 2})),
              new double[0]));
    }
    output.end();
  }
}
