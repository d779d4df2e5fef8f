package dev.tapscope.train;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that is decided before training begins.
 *
 * @param tasks the SAEs, each under a name of its own
 * @param origin where the rows come from, in words of whoever opens them; kept with every
 *     checkpoint
 */
public record Plan(Course course, List<Task> tasks, Map<String, String> origin) {
  public Plan {
    tasks = List.copyOf(tasks);
    origin = Map.copyOf(origin);
    if (tasks.isEmpty() || tasks.stream().map(Task::name).distinct().count() < tasks.size()) {
      throw new IllegalArgumentException("tasks need names of their own: " + tasks);
    }
  }

  /** The addresses that rows are needed of, each once, in the order of the tasks. */
  public Set<String> sites() {
    Set<String> sites = new LinkedHashSet<>();
    tasks.forEach(task -> sites.add(task.recipe().site()));
    return sites;
  }
}
