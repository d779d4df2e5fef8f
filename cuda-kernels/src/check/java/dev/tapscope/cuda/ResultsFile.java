package dev.tapscope.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The results of one day on one card, {@code DATE-CARD.json}: the parts of the check that have been
 * run, each with its measures, and the goals. A part that is run again takes its old self's place.
 */
final class ResultsFile {
  private final Path file;

  private ResultsFile(Path file) {
    this.file = file;
  }

  /**
   * @param date as in 2026-11-29
   * @param card as the driver calls it
   */
  static ResultsFile in(Path folder, String date, String card) {
    String plain = card.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return new ResultsFile(folder.resolve(date + "-" + plain.replaceAll("^-|-$", "") + ".json"));
  }

  Path path() {
    return file;
  }

  /** All measures of all parts in the file, and a part's new ones; none where there is no file. */
  Map<String, Map<String, Object>> partsWith(String part, Map<String, Object> measures)
      throws IOException {
    Map<String, Map<String, Object>> parts = new LinkedHashMap<>();
    if (Files.exists(file) && Json.read(Files.readString(file)) instanceof Map<?, ?> old) {
      if (old.get("parts") instanceof Map<?, ?> oldParts) {
        oldParts.forEach((name, values) -> parts.put((String) name, values(values)));
      }
    }
    parts.put(part, measures);
    return parts;
  }

  private static Map<String, Object> values(Object json) {
    Map<String, Object> values = new LinkedHashMap<>();
    if (json instanceof Map<?, ?> map) {
      map.forEach((name, value) -> values.put((String) name, value));
    }
    return values;
  }

  /** Writes the file whole: under another name first, so that no one ever sees half of it. */
  void write(
      String date,
      String card,
      boolean emulated,
      Map<String, Map<String, Object>> parts,
      List<Goals.Goal> goals)
      throws IOException {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("date", date);
    json.put("card", card);
    if (emulated) {
      json.put("emulated", true);
    }
    json.put("goals", goals.stream().map(Goals.Goal::toJson).toList());
    json.put("parts", parts);
    Files.createDirectories(file.getParent());
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(part, Json.write(json));
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }
}
