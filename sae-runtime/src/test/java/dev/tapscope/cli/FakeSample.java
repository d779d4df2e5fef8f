package dev.tapscope.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/**
 * Stands for the Gemma 2 sample. Of a file it says what stands there after the word GGUF, and
 * refuses one where nothing does; the tokens of a text are BOS and its length.
 */
final class FakeSample {
  private static final int BOS = 2;

  private FakeSample() {}

  /** A jar that starts it. */
  static Path jar(Path folder) throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.put(Attributes.Name.MAIN_CLASS, FakeSample.class.getName());
    main.put(
        Attributes.Name.CLASS_PATH,
        FakeSample.class.getProtectionDomain().getCodeSource().getLocation().toString());
    Path jar = folder.resolve("sample.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      out.finish();
    }
    return jar;
  }

  /** A GGUF file, as far as it is looked at here. */
  static Path gguf(Path file, String info) throws IOException {
    return Files.writeString(file, "GGUF" + info);
  }

  public static void main(String[] arguments) throws IOException {
    List<String> words = Arrays.asList(arguments);
    Path model = Path.of(words.get(words.indexOf("--model") + 1));
    String info = Files.readString(model).substring("GGUF".length());
    System.err.println("a remark");
    if (info.isEmpty()) {
      System.err.println("fake: [gguf-corrupt] It ends in the middle. Get it again.");
      System.exit(1);
    }
    System.out.write(
        (words.contains("info") ? info : tokens(words)).getBytes(StandardCharsets.UTF_8));
    System.out.flush();
  }

  private static String tokens(List<String> words) throws IOException {
    List<String> results =
        Files.readAllLines(Path.of(words.get(words.indexOf("--prompts") + 1))).stream()
            .map(text -> "{\"id\": \"x\", \"ids\": [%d, %d]}".formatted(BOS, text.length()))
            .toList();
    return "{\"results\": " + results + "}";
  }
}
