package dev.tapscope.cli;

import dev.tapscope.live.LiveRows;
import dev.tapscope.store.ActivationStore;
import dev.tapscope.store.RowSource;
import dev.tapscope.store.StoreRows;
import dev.tapscope.train.Course;
import dev.tapscope.train.FirstDensity;
import dev.tapscope.train.Plan;
import dev.tapscope.train.Recipe;
import dev.tapscope.train.Task;
import dev.tapscope.train.TrainingMemory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * The rows of every site of a plan, and the memory that training on them takes.
 *
 * @param maker of the SAEs: the one that was given, or another where its device has no room
 * @param store where they are kept, if they are
 * @param stop ends a wait for rows, from another thread
 */
record TrainingRows(
    Map<String, ? extends RowSource> sources,
    TrainingMemory memory,
    DeviceMaker maker,
    Optional<ActivationStore> store,
    Runnable stop) {
  /** Rows that tell how many features are active at first. */
  private static final int SAMPLE = 256;

  /**
   * From one store.
   *
   * @throws dev.tapscope.tap.TapscopeException {@code store-site}; {@code memory} or {@code
   *     device-memory} when Java may not take as much as this needs, or the GPU has not as much;
   *     checked before any of it is taken
   */
  static TrainingRows open(ActivationStore store, Plan plan, DeviceMaker wanted, JavaMemory java) {
    Course course = plan.course();
    DeviceMaker maker = fitting(plan, wanted, store::width);
    TrainingMemory memory =
        memory(plan, maker, store::width, recipe -> density(store, recipe, course));
    for (String site : plan.sites()) {
      int inputs = store.width(LiveRows.input(site));
      int outputs = transcodes(site) ? store.width(LiveRows.output(site)) : 0;
      long rows = Math.min(store.rows(), course.buffer());
      long buffer = rows * Float.BYTES * (inputs + outputs + 1);
      memory = memory.and(TrainingMemory.ofRows(buffer, 0, 0, course.batch()));
    }
    memory.check(java.direct(), java.heap());
    Map<String, StoreRows> sources = new LinkedHashMap<>();
    for (String site : plan.sites()) {
      sources.put(
          site,
          new StoreRows(
              store, LiveRows.input(site), LiveRows.output(site), course.seed(), course.buffer()));
    }
    return new TrainingRows(sources, memory, maker, Optional.of(store), () -> {});
  }

  private static FirstDensity density(ActivationStore store, Recipe recipe, Course course) {
    String input = LiveRows.input(recipe.site());
    return FirstDensity.of(
        recipe, course.normalise(), store.sample(input, SAMPLE), store.width(input));
  }

  /**
   * The maker, or another where the plan does not fit its device.
   *
   * @param width of the rows of an address
   */
  static DeviceMaker fitting(Plan plan, DeviceMaker maker, ToIntFunction<String> width) {
    return maker.holding(memory(plan, maker, width, recipe -> FirstDensity.HALF).card().total());
  }

  /**
   * What a plan takes but for the buffers of rows that are shuffled.
   *
   * @param width of the rows of an address
   * @param density of the first steps; a GPU takes as much whatever it is
   */
  static TrainingMemory memory(
      Plan plan,
      DeviceMaker maker,
      ToIntFunction<String> width,
      Function<Recipe, FirstDensity> density) {
    TrainingMemory memory = TrainingMemory.NONE;
    int batch = plan.course().batch();
    for (Task task : plan.tasks()) {
      String site = task.recipe().site();
      int inputs = width.applyAsInt(LiveRows.input(site));
      int outputs = width.applyAsInt(LiveRows.output(site));
      memory =
          memory.and(
              TrainingMemory.of(
                  task.recipe(),
                  inputs,
                  outputs,
                  maker.memory(
                      task.recipe(), inputs, outputs, batch, density.apply(task.recipe()))));
    }
    for (String site : plan.sites()) {
      int inputs = width.applyAsInt(LiveRows.input(site));
      int outputs = transcodes(site) ? width.applyAsInt(LiveRows.output(site)) : 0;
      memory = memory.and(TrainingMemory.ofRows(0, inputs, outputs, batch));
    }
    return memory;
  }

  private static boolean transcodes(String site) {
    return !LiveRows.input(site).equals(LiveRows.output(site));
  }
}
