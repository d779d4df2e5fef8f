package dev.tapscope.folder;

import dev.tapscope.tap.JsonLines;
import dev.tapscope.tap.RunFolder;
import dev.tapscope.tap.ShardSeries;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import java.util.Map;

/** The folder of a run that was given no {@code out}: edits act, nothing is kept. */
public final class NoFolder implements RunFolder {
  @Override
  public Path path() {
    throw TapscopeException.usage(
        "option-missing", "This run writes files and has no folder for them; give out=FOLDER.");
  }

  @Override
  public ShardSeries shards(String kind, Map<String, String> metadata) {
    return new Discarded();
  }

  @Override
  public JsonLines lines(String fileName) {
    return line -> {};
  }

  @Override
  public void describe(String key, Object value) {}

  private static final class Discarded implements ShardSeries {
    @Override
    public void begin() {}

    @Override
    public void end() {}

    @Override
    public void floats(String name, String dtype, float[] row, int width) {}

    @Override
    public void values(String name, float[] values, int count) {}

    @Override
    public void ints(String name, int[] values, int count) {}

    @Override
    public void longs(String name, long... row) {}

    @Override
    public void pointer(String name, long count) {}
  }
}
