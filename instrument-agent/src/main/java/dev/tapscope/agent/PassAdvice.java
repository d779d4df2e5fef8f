package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import net.bytebuddy.asm.Advice;

/** Copied around the method that carries the tokens: its entry, and its exit by whatever way. */
final class PassAdvice {
  private PassAdvice() {}

  @Advice.OnMethodEnter
  static void entered() {
    TapBridge.passEntered();
  }

  @Advice.OnMethodExit(onThrowable = Throwable.class)
  static void left(@Advice.Thrown Throwable thrown) {
    TapBridge.passLeft(thrown == null);
  }
}
