package dev.tapscope.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * Launches in the GPU's stream, recorded once and started again in one call. Addresses and numbers
 * are those of the recording; what lies at the addresses is what is there then.
 */
final class LaunchGraph implements AutoCloseable {
  private final Gpu gpu;
  private final CUgraphExec executable = new CUgraphExec();

  /**
   * Records, and runs nothing.
   *
   * @param launches neither wait nor take memory: whoever records has run them once before
   */
  LaunchGraph(Gpu gpu, Runnable launches) {
    this.gpu = gpu;
    CUgraph graph = new CUgraph();
    Result.check(
        JCudaDriver.cuStreamBeginCapture(
            gpu.stream(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL),
        "beginning to record launches");
    try {
      launches.run();
    } finally {
      Result.check(JCudaDriver.cuStreamEndCapture(gpu.stream(), graph), "recording launches");
    }
    Result.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0L), "making a graph");
    Result.check(JCudaDriver.cuGraphDestroy(graph), "closing a graph");
  }

  /** Starts all of it, in the order of the GPU's stream. */
  void start() {
    Result.check(JCudaDriver.cuGraphLaunch(executable, gpu.stream()), "launching a graph");
  }

  @Override
  public void close() {
    gpu.makeCurrent();
    Result.check(JCudaDriver.cuGraphExecDestroy(executable), "closing a graph");
  }
}
