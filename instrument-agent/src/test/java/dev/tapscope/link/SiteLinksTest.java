package dev.tapscope.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileParser;
import dev.tapscope.run.Runs;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.TapscopeException;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Links call sites as woven code does and calls them as the model would. */
class SiteLinksTest {
  private static final Profile PROFILE =
      ProfileParser.parse(
          """
          profile links
          tap tokens
            in     a.Model.forward(int[], int, Object)
            at     entry
            value  arg 0
            pos    arg 1
            cache  arg 2
          tap res
            in     a.Model.block(Object, Object)
            at     entry
            value  arg 0
            layer  this.layer
            pos    this.place.start
          tap fixed
            in     a.Model.block(Object)
            at     entry
            value  arg 0
            layer  2
          tap norm
            in     a.Model.norm(Object)
            at     entry
            value  rms arg 0 eps this.place.eps into arg 1 gain this.gain
            layer  this.layer
          tap held
            in     a.Model.norm(Object)
            at     entry
            value  this.state
            layer  this.layer
          tap block
            in     a.Model.run(Object)
            around call Block.forward 1 of 1
            value  return like call arg 0
            layer  0
          """,
          "links.taps");

  /** What the woven call of block stands in the place of. */
  private static float[][] blockForward(float[][] in) {
    return in == null ? new float[][] {{4, 4}} : in;
  }

  /** Private fields, a nested object and an inherited field, as models have them. */
  private static class Base {
    private int layer = 1;
  }

  @SuppressWarnings("unused") // read by the taps, by name
  private static final class Model extends Base {
    private Place place = new Place();
    private final float[] gain = {10, 10};
    private final float[][] state = {{1, 2}};
  }

  @SuppressWarnings("unused")
  private static final class Place {
    private final int start = 3;
    private final float eps = 12.5f;
  }

  private final List<String> log = new ArrayList<>();
  private final Runs runs = new Runs(PROFILE, System.err);
  private final TapRun run =
      runs.stand(
          new NoFolder(),
          e -> {
            throw e;
          });
  private final SiteLinks links = new SiteLinks(PROFILE, runs, System.err);
  private final Model model = new Model();
  private int expectedFailures;

  @AfterEach
  void nothingElseFailed() {
    assertEquals(expectedFailures, run.finish().size());
    assertEquals(List.of(), links.problems());
  }

  private CallSite link(String site, Class<?>... types) {
    return links.link(MethodHandles.lookup(), MethodType.methodType(types[0], types), site);
  }

  private void pass(int start, int tokens, Runnable body) throws Throwable {
    runs.passEntered();
    int[] ids = new int[tokens];
    Object same =
        link("tokens", int[].class, int.class, Object.class)
            .dynamicInvoker()
            .invoke(ids, start, this);
    assertSame(ids, same);
    body.run();
    runs.passLeft(true);
  }

  private static Object call(CallSite site, Object... arguments) {
    try {
      return site.dynamicInvoker().invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aCallPassesThroughUntilSomethingListens() throws Throwable {
    CallSite res = link("res", float[][].class, Model.class, Model.class);
    float[][] value = {{1, 2}};
    assertSame(value, call(res, value, model, model));
    run.on("res.1", Phase.READ_AFTER, a -> log.add("at " + a.position(0)));
    pass(3, 1, () -> assertSame(value, call(res, value, model, model)));
    assertEquals(List.of("at 3"), log);
    run.finish();
    pass(4, 1, () -> assertSame(value, call(res, value, model, model)));
    assertEquals(List.of("at 3"), log);
  }

  @Test
  void aCallLinkedLateIsLiveAtOnce() throws Throwable {
    run.on("res.*", Phase.READ_AFTER, a -> log.add(a.address().toString()));
    CallSite res = link("res", float[][].class, Model.class, Model.class);
    pass(3, 1, () -> call(res, new float[1][2], model, model));
    assertEquals(List.of("res.1"), log);
  }

  @Test
  void constantsAreNotPassed() throws Throwable {
    run.on("fixed.2", Phase.REPLACE, a -> a.write(0, new float[] {7, 8}));
    CallSite fixed = link("fixed", float[].class);
    float[] value = {1, 2};
    pass(0, 1, () -> call(fixed, value));
    assertArrayEquals(new float[] {7, 8}, value);
  }

  @Test
  void derivedValuesReadTheirPartsThroughPaths() throws Throwable {
    float[][] seen = new float[1][2];
    run.on(
        "norm.1",
        Phase.REPLACE,
        a -> {
          a.read(0, seen[0]);
          a.write(0, new float[] {2, 3});
        });
    CallSite norm =
        link("norm", float[][].class, Model.class, float[][].class, Model.class, Model.class);
    float[][] target = {{0, 0}};
    pass(0, 1, () -> call(norm, target, model, new float[][] {{3, 4}}, model, model));
    assertArrayEquals(new float[] {0.6f, 0.8f}, seen[0]); // (3, 4) / sqrt(12.5 + 12.5)
    assertArrayEquals(new float[] {20, 30}, target[0]);
  }

  @Test
  void aValueBehindAPathIsWrittenInPlace() throws Throwable {
    run.on("held.1", Phase.REPLACE, a -> a.write(0, new float[] {5, 6}));
    CallSite held = link("held", Model.class, Model.class);
    pass(0, 1, () -> assertSame(model, call(held, model, model)));
    assertArrayEquals(new float[] {5, 6}, model.state[0]);
  }

  @Test
  void aNullOnTheWayHurtsTheRunAndNotTheModel() throws Throwable {
    run.on("res.1", Phase.READ_AFTER, a -> log.add("called"));
    CallSite res = link("res", float[][].class, Model.class, Model.class);
    model.place = null;
    float[][] value = {{1, 2}};
    pass(3, 1, () -> assertSame(value, call(res, value, model, model)));
    assertEquals(List.of(), log);
    expectedFailures = 1;
  }

  @Test
  void aCallThatCannotBeLeftOutIsMadeAndTheRunHurt() throws Throwable {
    run.skip("block.0", a -> log.add("skipped"));
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    MethodType type = MethodType.methodType(float[][].class, float[][].class);
    CallSite block =
        links.linkAround(
            lookup, type, "block", lookup.findStatic(SiteLinksTest.class, "blockForward", type));
    pass(
        0,
        1,
        () -> assertArrayEquals(new float[][] {{4, 4}}, (float[][]) call(block, (Object) null)));
    assertEquals(List.of(), log); // of nothing, no form for a result can be made
    expectedFailures = 1;
  }

  @Test
  void whatCanNeverWorkIsRefusedWhenLinked() {
    assertRefused(
        "field-missing",
        "There is no field 'layer' in "
            + Place.class.getTypeName()
            + ", which has int start, float eps.",
        "res",
        float[][].class,
        Place.class,
        Place.class);
    assertRefused(
        "value-type", "'arg 0' is a double[]", "res", double[].class, Model.class, Model.class);
    assertRefused(
        "value-type",
        "cannot be the position of the first token",
        "tokens",
        int[].class,
        String.class,
        Object.class);
    assertRefused("value-type", "ids of a pass", "tokens", float[].class, int.class, Object.class);
  }

  private void assertRefused(String id, String words, String site, Class<?>... types) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> link(site, types));
    assertEquals(id, e.id());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }
}
