package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Site;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/** What a listing says is there can be pasted into a profile and fits. */
class MethodListingTest {
  private static final String SOURCE =
      """
      public class Listed {
        static class Weights { float[][] pre; float[] post; }
        float[] x;
        static float[] norm(float[] x, float[] w) { return x; }
        int run(Weights w, float[][] rows, int layers) {
          for (int l = 0; l < layers; l++) {
            x = norm(x, w.pre[l]);
            rows[l][0] = x[0];
            Runnable r = () -> x = norm(x, w.post);
            r.run();
          }
          x = norm(x, w.post);
          return layers;
        }
      }
      """;

  private static MethodListing listed(String... options) {
    byte[] bytes = Compiled.source("Listed", SOURCE, options).get("Listed");
    return MethodListing.of(bytes, MethodRef.parse("Listed.run"));
  }

  private static List<String> texts(List<MethodListing.Place> places) {
    return places.stream().map(p -> p.line() + " " + p.text()).toList();
  }

  @Test
  void everythingIsThereWithItsLineAndItsOrdinal() {
    MethodListing listing = listed("-g");
    assertEquals("Listed.run(Listed$Weights, float[][], int)", listing.in());
    assertTrue(listing.named());
    assertEquals(
        List.of(
            "7 after call Listed.norm(float[], float[]) 1 of 2",
            "7 after call Listed.norm(float[], float[]) fed by this.x 1 of 2",
            "7 after call Listed.norm(float[], float[]) fed by Listed$Weights.pre 1 of 1",
            "10 after call Runnable.run() 1 of 1",
            "12 after call Listed.norm(float[], float[]) 2 of 2",
            "12 after call Listed.norm(float[], float[]) fed by this.x 2 of 2",
            "12 after call Listed.norm(float[], float[]) fed by Listed$Weights.post 1 of 1"),
        texts(listing.calls().stream().flatMap(call -> call.places().stream()).toList()));
    assertEquals(List.of("float[]", "float[]"), listing.calls().get(0).arguments());
    assertEquals("float[]", listing.calls().get(0).returns());
    assertEquals(
        List.of("6 after store local l 1 of 1", "9 after store local r 1 of 1"),
        texts(listing.stores()));
    assertEquals(
        List.of("7 after put this.x 1 of 2", "12 after put this.x 2 of 2"), texts(listing.puts()));
    assertEquals(List.of("8 after element local rows 1 of 1"), texts(listing.elements()));
    assertEquals(
        List.of("6 loop local l begin 1 of 1", "6 loop local l end 1 of 1"),
        texts(listing.loops()));
    assertEquals(
        List.of(
            new MethodListing.Lambda(
                new MethodListing.Place(
                    9,
                    "line 9",
                    1,
                    1,
                    "in Listed.run(Listed$Weights, float[][], int) lambda 1 of 1"),
                List.of("Listed$Weights"),
                1)),
        listing.lambdas());
    assertEquals(
        List.of("arg 0 w", "arg 1 rows", "arg 2 layers", "local r r", "local l l"),
        listing.variables().stream().map(v -> v.text() + " " + v.name()).toList());
    MethodListing.Variable loop = listing.variables().get(4);
    assertEquals(new MethodListing.Variable("local l", "l", 4, "int", 6, 10), loop);
  }

  @Test
  void withoutNamesItIsListedBySlots() {
    MethodListing listing = listed("-g:none");
    assertFalse(listing.named());
    assertEquals(
        List.of("0 after store slot 4 1 of 1", "0 after store slot 5 1 of 1"),
        texts(listing.stores()));
    assertEquals("0 loop slot 4 begin 1 of 1", texts(listing.loops()).get(0));
    assertEquals(List.of("0 after element slot 2 1 of 1"), texts(listing.elements()));
    assertTrue(listing.calls().get(0).places().get(0).where().startsWith("instruction "));
    assertEquals(
        List.of("arg 0", "arg 1", "arg 2", "slot 4", "slot 5"),
        listing.variables().stream().map(MethodListing.Variable::text).toList());
    assertEquals("int", listing.variables().get(3).type());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "targets.Block",
        "targets.Shapes",
        "targets.TinyModel",
        "targets.Members$Concrete",
        "com.google.common.collect.TreeTraverser",
        "com.google.common.math.LongMath",
        "com.google.common.base.Joiner",
        "com.google.common.collect.RegularImmutableMap"
      })
  void whateverIsListedFits(String className) {
    byte[] bytes = Compiled.onClassPath(className);
    ClassNode owner = new ClassNode();
    new ClassReader(bytes).accept(owner, 0);
    List<String> ins = new ArrayList<>();
    for (MethodNode method : owner.methods) {
      boolean code = (method.access & (Opcodes.ACC_ABSTRACT | Opcodes.ACC_NATIVE)) == 0;
      if (code && (method.access & (Opcodes.ACC_BRIDGE | Opcodes.ACC_SYNTHETIC)) == 0) {
        ins.add(SourceNames.methodInFull(className, method.name, method.desc));
      }
    }
    int places = 0;
    for (String in : ins) {
      places += everyPlaceFits(bytes, MethodRef.parse(in));
    }
    assertTrue(places > 10, places + " places");
  }

  private static int everyPlaceFits(byte[] bytes, MethodRef method) {
    MethodListing listing = MethodListing.of(bytes, method);
    List<String> lines =
        Stream.of(
                listing.calls().stream().flatMap(call -> call.places().stream()).toList(),
                listing.stores(),
                listing.puts(),
                listing.elements(),
                listing.loops())
            .flatMap(List::stream)
            .map(MethodListing.Place::text)
            .toList();
    for (String line : lines) {
      fits(bytes, "in " + listing.in(), line, listing.body());
      if (line.contains(" put ")) {
        fits(bytes, "in " + listing.in(), line.replace("after put", "before put"), listing.body());
      }
    }
    for (MethodListing.Lambda lambda : listing.lambdas()) {
      Site site = Taps.site(lambda.place().text() + ";at entry;value arg 0");
      String body = MethodListing.of(bytes, site.in(), site.lambdas()).body();
      assertEquals(body, Fingerprint.of(bytes, site));
    }
    return lines.size();
  }

  /** The place is found; only a value that is not rows, or not there, may be complained of. */
  private static void fits(byte[] bytes, String in, String line, String body) {
    Site site = Taps.site(in + ";" + line + ";value stack 300;body " + body);
    Woven woven = Weaver.weave(bytes, List.of(site), "test");
    assertEquals(1, woven.reports().size(), in);
    String id = woven.misfits().get(0).id();
    assertTrue(
        List.of("stack-missing", "before-super").contains(id),
        () -> in + " " + line + ": " + woven.misfits().get(0).sentence());
  }

  @Test
  void whatCannotBeListedIsAMisfit() {
    byte[] block = Compiled.onClassPath("targets.Block");
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () -> MethodListing.of(block, MethodRef.parse("targets.Block.forwrd")));
    assertEquals("method-missing", e.id());
    assertTrue(e.getMessage().contains("Write: in targets.Block.forward(float[], int)."));
    e =
        assertThrows(
            TapscopeException.class,
            () -> MethodListing.of(new byte[3], MethodRef.parse("targets.Block.forward")));
    assertEquals("class-file", e.id());
    Site lambda = Taps.site("in targets.Block.forward lambda 1 of 1;at entry;value arg 0");
    e =
        assertThrows(
            TapscopeException.class, () -> MethodListing.of(block, lambda.in(), lambda.lambdas()));
    assertEquals("lambda-count", e.id());
  }
}
