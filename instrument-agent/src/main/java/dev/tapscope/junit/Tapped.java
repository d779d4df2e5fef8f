package dev.tapscope.junit;

import dev.tapscope.tap.Run;
import dev.tapscope.tap.Taps;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives each test a {@link Run} of its own, opened on the test's thread, and settles its account
 * when the test is over: the test fails unless
 *
 * <ul>
 *   <li>every site it asked for has fired as its profile says, at every position of every pass;
 *   <li>the sites of {@link #fires} have fired exactly so often, and no other layer of theirs;
 *   <li>no hook has failed, not even one whose exception the model caught.
 * </ul>
 *
 * <pre>{@code
 * @Test
 * @Tapped(profile = "gemma2", sites = "res.*", fires = {"res.0-3 2"})
 * void steeringChangesTheAnswer(Run run) {
 *   run.on("res.2", Phase.REPLACE, a -> a.set(edited));
 *   assertEquals("Paris", model.generate("The capital of Spain is"));
 * }
 * }</pre>
 *
 * <p>The JVM of the tests needs the agent; without it the test fails with the line to put into the
 * build ({@link Taps}).
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(TappedExtension.class)
public @interface Tapped {
  /**
   * A built-in profile or the path of a {@code .taps} file, woven now unless it is already; empty:
   * the one this JVM was started with.
   */
  String profile() default "";

  /** Sites that must fire in the test, besides those it attaches hooks to. */
  String[] sites() default {};

  /**
   * The exact multiset of fires: {@code "res.0-3 2"} says that each of res.0 to res.3 fires twice
   * in the test and no other layer of res at all, {@code "logits 0"} that logits never do.
   */
  String[] fires() default {};
}
