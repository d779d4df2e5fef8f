package dev.tapscope.attach;

import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.Attachment;
import dev.tapscope.tap.FailurePolicy;
import dev.tapscope.tap.Hook;
import dev.tapscope.tap.JsonLines;
import dev.tapscope.tap.Pass;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.ShardSeries;
import dev.tapscope.tap.Steps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** A run whose model is the test: it fires rows and sees what hooks made of them. */
final class FakeRun implements Run, RunFolder {
  /** One hook as attached. */
  private record Attached(String sites, Phase phase, Hook hook) {}

  private final List<Attached> hooks = new ArrayList<>();
  private final List<Consumer<Pass>> beginners = new ArrayList<>();
  private final List<Consumer<Pass>> enders = new ArrayList<>();
  private final List<Runnable> closers = new ArrayList<>();
  private final Map<Integer, String> texts;

  final Map<String, Object> described = new LinkedHashMap<>();
  final FakeShards shards = new FakeShards();
  final List<Map<String, ?>> lines = new ArrayList<>();
  final Map<String, String> shardMetadata = new LinkedHashMap<>();

  /** Rows written by hooks so far. */
  int writes;

  FakeRun(Map<Integer, String> texts) {
    this.texts = texts;
  }

  void begin(Pass pass) {
    beginners.forEach(b -> b.accept(pass));
  }

  void end(Pass pass) {
    enders.forEach(e -> e.accept(pass));
  }

  @Override
  public void close() {
    closers.forEach(Runnable::run);
  }

  /** A pass of one site, all rows in one fire. */
  void pass(Pass pass, String site, float[][] rows) {
    begin(pass);
    fire(pass, site, pass.start(), rows);
    end(pass);
  }

  /** Shows rows from a position on; hooks change them in place. */
  void fire(Pass pass, String site, int first, float[][] rows) {
    hooks.stream()
        .filter(h -> h.sites().equals(site))
        .sorted(Comparator.comparing(Attached::phase))
        .forEach(h -> h.hook().on(new Rows(pass, site, first, rows, h.phase())));
  }

  /** Shows rows of one address to the hooks of a selection that holds it. */
  void fireSelected(Pass pass, String selection, String site, int first, float[][] rows) {
    hooks.stream()
        .filter(h -> h.sites().equals(selection))
        .forEach(h -> h.hook().on(new Rows(pass, site, first, rows, h.phase())));
  }

  List<String> attached() {
    return hooks.stream().map(h -> h.sites() + " " + h.phase()).toList();
  }

  @Override
  public Attachment on(String sites, Phase phase, int priority, Hook hook) {
    Attached attached = new Attached(sites, phase, hook);
    hooks.add(attached);
    return () -> hooks.remove(attached);
  }

  @Override
  public Attachment watch(String sites, Hook hook) {
    throw notHere();
  }

  @Override
  public Attachment skip(String sites, Hook hook) {
    throw notHere();
  }

  @Override
  public void edit(Map<String, String> saes, String... edits) {
    throw notHere();
  }

  @Override
  public void onFailure(FailurePolicy policy) {
    throw notHere();
  }

  @Override
  public void stopWhenSeen() {
    throw notHere();
  }

  @Override
  public <T> Optional<T> call(Callable<T> model) {
    throw notHere();
  }

  @Override
  public <T> Steps<T> steps(String sites, Callable<T> model) {
    throw notHere();
  }

  @Override
  public Map<Address, Long> fires() {
    throw notHere();
  }

  private static UnsupportedOperationException notHere() {
    return new UnsupportedOperationException("no extension asks this of the agent's own run");
  }

  @Override
  public void onPassBegin(Consumer<Pass> listener) {
    beginners.add(listener);
  }

  @Override
  public void onPassEnd(Consumer<Pass> listener) {
    enders.add(listener);
  }

  @Override
  public void onClose(Runnable listener) {
    closers.add(listener);
  }

  @Override
  public String text(int token) {
    return texts.getOrDefault(token, "#" + token);
  }

  @Override
  public RunFolder folder() {
    return this;
  }

  @Override
  public Path path() {
    throw new UnsupportedOperationException("a run in memory has no path");
  }

  @Override
  public ShardSeries shards(String kind, Map<String, String> metadata) {
    shardMetadata.putAll(metadata);
    return shards;
  }

  @Override
  public JsonLines lines(String fileName) {
    return lines::add;
  }

  @Override
  public void describe(String key, Object value) {
    described.put(key, value);
  }

  private final class Rows implements Activation {
    private final Pass pass;
    private final String site;
    private final int first;
    private final float[][] rows;
    private final Phase phase;

    Rows(Pass pass, String site, int first, float[][] rows, Phase phase) {
      this.pass = pass;
      this.site = site;
      this.first = first;
      this.rows = rows;
      this.phase = phase;
    }

    @Override
    public Address address() {
      String[] parts = site.split("\\.");
      return Address.of(parts[0], Integer.parseInt(parts[1]));
    }

    @Override
    public Pass pass() {
      return pass;
    }

    @Override
    public int rows() {
      return rows.length;
    }

    @Override
    public int width(int row) {
      return rows[row].length;
    }

    @Override
    public int position(int row) {
      return first + row;
    }

    @Override
    public int head(int row) {
      return site.startsWith("pattern") ? 0 : -1;
    }

    @Override
    public int firstKey(int row) {
      return head(row);
    }

    @Override
    public void read(int row, float[] into) {
      System.arraycopy(rows[row], 0, into, 0, rows[row].length);
    }

    @Override
    public Object tensor() {
      return rows;
    }

    @Override
    public void replace(Object tensor) {
      throw notHere();
    }

    @Override
    public void write(int row, float[] from) {
      if (!phase.mayWrite()) {
        throw new IllegalStateException(phase + " may not write");
      }
      writes++;
      System.arraycopy(from, 0, rows[row], 0, rows[row].length);
    }
  }
}
