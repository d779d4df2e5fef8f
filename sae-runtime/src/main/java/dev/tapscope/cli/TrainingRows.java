package dev.tapscope.cli;

import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.StoreRows;
import dev.tapscope.train.Course;
import dev.tapscope.train.FirstDensity;
import dev.tapscope.train.Plan;
import dev.tapscope.train.Task;
import dev.tapscope.train.TrainingMemory;
import java.util.LinkedHashMap;
import java.util.Map;

/** The rows of every site of a plan, from one store, and the memory that training on them takes. */
record TrainingRows(Map<String, StoreRows> sources, TrainingMemory memory) {
  /** Rows that tell how many features are active at first. */
  private static final int SAMPLE = 256;

  /**
   * @param threads of a step
   * @throws dev.tapscope.tap.TapscopeException {@code store-site}, or {@code memory} when Java may
   *     not take as much as this needs; checked before any of it is taken
   */
  static TrainingRows open(ActivationStore store, Plan plan, int threads, JavaMemory java) {
    TrainingMemory memory = new TrainingMemory(0, 0, 0, 0, 0);
    int batch = plan.course().batch();
    for (Task task : plan.tasks()) {
      int inputs = store.width(input(task.recipe().site()));
      int outputs = store.width(output(task.recipe().site()));
      float[] some = store.sample(input(task.recipe().site()), SAMPLE);
      FirstDensity density =
          FirstDensity.of(task.recipe(), plan.course().normalise(), some, inputs);
      memory =
          memory.and(TrainingMemory.of(task.recipe(), inputs, outputs, batch, threads, density));
    }
    for (String site : plan.sites()) {
      int inputs = store.width(input(site));
      int outputs = input(site).equals(output(site)) ? 0 : store.width(output(site));
      long rows = Math.min(store.rows(), plan.course().buffer());
      long buffer = rows * Float.BYTES * (inputs + outputs + 1);
      memory = memory.and(TrainingMemory.ofRows(buffer, inputs, outputs, batch));
    }
    memory.check(java.direct(), java.heap());
    Map<String, StoreRows> sources = new LinkedHashMap<>();
    for (String site : plan.sites()) {
      sources.put(site, source(store, site, plan.course()));
    }
    return new TrainingRows(sources, memory);
  }

  private static StoreRows source(ActivationStore store, String site, Course course) {
    return new StoreRows(store, input(site), output(site), course.seed(), course.buffer());
  }

  /** Address of the rows that are encoded. */
  static String input(String site) {
    int arrow = site.indexOf('>');
    return arrow < 0 ? site : site.substring(0, arrow);
  }

  /** Address of the rows that are reconstructed. */
  static String output(String site) {
    return site.substring(site.indexOf('>') + 1);
  }
}
