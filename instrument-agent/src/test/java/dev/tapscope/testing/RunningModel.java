package dev.tapscope.testing;

import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The fixture model in a JVM that runs until it is ended, and an agent to attach to it. */
public final class RunningModel implements AutoCloseable {
  private static final long MOST_SECONDS = 60;

  private final Path folder;
  private final Process process;
  private final VirtualMachine machine;

  /** How a run in it stands. */
  public record State(String state, int exit, String text) {}

  private RunningModel(Path folder, Process process) throws Exception {
    this.folder = folder;
    this.process = process;
    awaitThat(() -> lines("out.txt").size() > 10);
    this.machine = VirtualMachine.attach(Long.toString(process.pid()));
  }

  /** Starts it; its output goes to files in a folder. */
  public static RunningModel start(ChildJvm jvm, Path folder, String... arguments)
      throws Exception {
    String[] all = new String[arguments.length + 1];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "forever=true";
    return new RunningModel(folder, jvm.start(targets.TinyModel.class, all));
  }

  public long pid() {
    return process.pid();
  }

  public boolean alive() {
    return process.isAlive();
  }

  /** Loads the packaged agent with options, and returns how the run stands then. */
  public State agent(String options) throws Exception {
    machine.loadAgent(ChildJvm.agentJar().toString(), options);
    return state();
  }

  public State state() throws IOException {
    Properties properties = machine.getSystemProperties();
    return new State(
        properties.getProperty("tapscope.live.state", ""),
        Integer.parseInt(properties.getProperty("tapscope.live.exit", "-1")),
        properties.getProperty("tapscope.live.text", ""));
  }

  /** Waits until the run has ended by itself. */
  public State awaitDetached() throws Exception {
    State state = state();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
    while (!state.state().equals("detached")) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("still " + state);
      }
      TimeUnit.MILLISECONDS.sleep(20);
      state = state();
    }
    return state;
  }

  /** Waits until the model has printed some more lines. */
  public void awaitMoreLines(int more) throws InterruptedException {
    int now = lines("out.txt").size();
    awaitThat(() -> lines("out.txt").size() >= now + more);
  }

  private void awaitThat(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end || !process.isAlive()) {
        throw new IllegalStateException("the model says nothing: " + lines("err.txt"));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** Whole lines of one of its files. */
  public List<String> lines(String file) {
    try {
      String text = Files.readString(folder.resolve(file), StandardCharsets.UTF_8);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  @Override
  public void close() throws IOException {
    machine.detach();
    process.destroyForcibly();
  }
}
