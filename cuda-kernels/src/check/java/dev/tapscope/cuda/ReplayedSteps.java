package dev.tapscope.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Steps of a {@link GpuTraining} as graphs: two, since batches lie in two places in turn. For
 * batches of one size whose lists have all the room they need, and that go one way: a step that is
 * taken again does not find its graph.
 */
final class ReplayedSteps implements Executor, AutoCloseable {
  private static final int PLACES = 2;

  private final Gpu gpu;
  private final int direct;
  private final List<LaunchGraph> graphs = new ArrayList<>();
  private int steps;

  /**
   * @param direct an even number of steps at first that are launched: memory cannot be taken while
   *     launches are recorded
   */
  ReplayedSteps(Gpu gpu, int direct) {
    this.gpu = gpu;
    this.direct = direct;
  }

  @Override
  public void execute(Runnable launches) {
    if (steps < direct) {
      launches.run();
    } else {
      if (graphs.size() < PLACES) {
        graphs.add(new LaunchGraph(gpu, launches));
      }
      graphs.get(steps % PLACES).start();
    }
    steps++;
  }

  /** Graphs so far. */
  int graphs() {
    return graphs.size();
  }

  @Override
  public void close() {
    graphs.forEach(LaunchGraph::close);
  }
}
