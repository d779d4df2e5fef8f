package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import net.bytebuddy.asm.Advice;

/**
 * Copied to the start of {@link Runtime#exit}: a shutdown hook is not told the status, and a model
 * that failed by itself must keep its own.
 */
final class ExitAdvice {
  private ExitAdvice() {}

  @Advice.OnMethodEnter
  static void exiting(@Advice.Argument(0) int status) {
    TapBridge.exiting(status);
  }
}
