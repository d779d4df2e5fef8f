package dev.tapscope.bench.work;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.KvBufferCache;
import dev.tapscope.bench.Work;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Jlama: a prompt in one pass, then one pass for each of the other tokens. */
public final class JlamaWork implements Work {
  private final AbstractModel model;
  private final KvBufferCache caches;
  private final int[] ids;
  private final int prompt;
  private KvBufferCache.KvBuffer cache;

  public JlamaWork(Path folder, int[] ids, int prompt) {
    this.model = ModelSupport.loadModel(folder.toFile(), DType.F32, DType.F32);
    this.caches = new KvBufferCache(model);
    this.ids = ids.clone();
    this.prompt = prompt;
    begin();
  }

  @Override
  public void begin() {
    cache = caches.getEphemeralKvBuffer();
  }

  @Override
  public int passes() {
    return 1 + ids.length - prompt;
  }

  @Override
  public void pass(int index) {
    if (index == 0) {
      model.batchForward(Arrays.copyOf(ids, prompt), 0, cache).close();
    } else {
      int position = prompt + index - 1;
      model.forward(ids[position], position, cache, Optional.empty()).close();
    }
  }

  @Override
  public void end() {
    cache.close();
  }
}
