package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import net.bytebuddy.asm.Advice;

/** Copied to the end of the constructors of the model's own token decoder. */
final class DecoderAdvice {
  private DecoderAdvice() {}

  @Advice.OnMethodExit
  static void built(@Advice.This Object decoder) {
    TapBridge.decoderBuilt(decoder);
  }
}
