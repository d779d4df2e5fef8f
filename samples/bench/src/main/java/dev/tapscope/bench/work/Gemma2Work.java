package dev.tapscope.bench.work;

import dev.tapscope.bench.Work;
import gemma2.io.Checkpoint;
import gemma2.math.Kernels;
import gemma2.math.Workers;
import gemma2.model.Config;
import gemma2.model.Gemma2;
import gemma2.model.KvCache;
import gemma2.model.ModelLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** The pure-Java sample: a prompt in one pass, then one pass for each of the other tokens. */
public final class Gemma2Work implements Work {
  private final Gemma2 model;
  private final int[] ids;
  private final int prompt;
  private KvCache cache;

  public Gemma2Work(Path folder, int[] ids, int prompt) {
    Config config = Config.read(folder);
    this.model =
        ModelLoader.load(
            config,
            Checkpoint.open(folder),
            Kernels.choose(),
            new Workers(1),
            ModelLoader.Options.DEFAULT);
    this.ids = ids.clone();
    this.prompt = prompt;
    begin();
  }

  @Override
  public void begin() {
    cache = new KvCache(model.config(), prompt);
  }

  @Override
  public int passes() {
    return 1 + ids.length - prompt;
  }

  @Override
  public void pass(int index) {
    int start = index == 0 ? 0 : prompt + index - 1;
    int end = prompt + index;
    model.forward(Arrays.copyOfRange(ids, start, end), start, cache, 1);
  }
}
