package dev.tapscope.agent;

import dev.tapscope.boot.TapBridge;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import net.bytebuddy.asm.Advice;

/** Copied around the method that carries the tokens: its entry, and its exit by whatever way. */
final class PassAdvice {
  /** Stands for the name of the profile, which is bound where the advice is copied. */
  @Retention(RetentionPolicy.RUNTIME)
  @interface OfProfile {}

  private PassAdvice() {}

  @Advice.OnMethodEnter
  static void entered(@OfProfile String profile) {
    TapBridge.passEntered(profile);
  }

  @Advice.OnMethodExit(onThrowable = Throwable.class)
  static void left(@OfProfile String profile, @Advice.Thrown Throwable thrown) {
    TapBridge.passLeft(profile, thrown == null);
  }
}
