package dev.tapscope.cli;

import dev.tapscope.train.Course;
import dev.tapscope.train.StepMetrics;
import dev.tapscope.train.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * An SAE that has been trained and written.
 *
 * @param notes what was done to its numbers on writing
 * @param last the figures of the last step; absent where it was taken by an earlier process
 */
record TrainedSae(
    Task task, Course course, Path file, List<String> notes, Optional<StepMetrics> last) {

  /** {@code report.json}. */
  Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("schema", "tapscope-trained/1");
    report.put("name", task.name());
    report.put("file", file.getFileName().toString());
    report.put("recipe", task.recipe().spelled());
    report.put("course", course.spelled());
    report.put("rows", course.steps() * course.batch());
    report.put("folding", notes);
    last.ifPresent(metrics -> report.put("last_step", metrics.figures()));
    return report;
  }

  static String document(Path folder, Map<String, TrainedSae> saes) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-train/1");
    document.put("out", folder.toString());
    document.put("saes", saes.values().stream().map(TrainedSae::report).toList());
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(document);
  }

  static String text(Map<String, TrainedSae> saes) {
    List<String> lines = new ArrayList<>();
    for (TrainedSae sae : saes.values()) {
      lines.add(
          sae.task.name()
              + sae.last
                  .map(m ->
                      String.format(
                          Locale.ROOT,
                          "  last batch: L0 %.2f  FVU %.4f  dead %,d",
                          m.report().l0(),
                          m.fvu(),
                          m.dead()))
                  .orElse("")
              + "  wrote "
              + sae.file);
      sae.notes.forEach(note -> lines.add("  " + note));
    }
    return String.join(System.lineSeparator(), lines);
  }
}
