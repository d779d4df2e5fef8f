package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Site;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;

/** What does not fit is said: by id, with what was wanted, what is there and what to write. */
class MisfitTest {
  private static Misfit misfit(byte[] classFile, String lines) {
    Woven woven = Weaver.weave(classFile, List.of(Taps.site(lines)), "test");
    assertEquals(Optional.empty(), woven.bytes());
    assertEquals(1, woven.reports().size());
    assertEquals(1, woven.misfits().size(), () -> woven.reports().get(0).sentence());
    return woven.misfits().get(0);
  }

  /** Parts of a sentence are parted by {@code &&}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          in targets.Block.forwrd;at entry;value arg 0 | method-missing | Wanted the method targets.Block.forwrd && forward(float[], int) && Write: in targets.Block.forward(float[], int).
          in targets.Block.quux;at entry;value arg 0 | method-missing | the class has <init>(int), forward(float[], int), scale(float[], float) && Name one of them
          in targets.Block.forward(float[]);at entry;value arg 0 | method-missing | found forward(float[], int). Write: in targets.Block.forward(float[], int).
          in targets.Block.forward(double[], int);at entry;value arg 0 | method-missing | Write: in targets.Block.forward(float[], int).
          in targets.Members$Concrete.apply;at entry;value arg 0 | method-ambiguous | found 2. Write one of: in targets.Members$Concrete.apply(float[]); in targets.Members$Concrete.apply(float[], int).
          in targets.Members.forward;at entry;value arg 0 | method-body | found an abstract method && the class that implements it
          in targets.Members.remote;at entry;value arg 0 | method-body | found a native method && the method that calls it
          in targets.Members.never;at exit;value return | exit-missing | never returns normally
          in targets.Block.forward;after call Ops.accumulate 2 of 3;value local out | call-count | Wanted 2 of 3 calls of Ops.accumulate in Block.forward; found 2, at line 23, line 24. && write: after call Ops.accumulate 2 of 2.
          in targets.Block.forward;before call Ops.accumulate 1 of 1;value local out | call-count | found 2 && write: before call Ops.accumulate 1 of 2.
          in targets.Block.forward;after call Ops.acumulate 1 of 2;value local out | call-count | found none && Ops.accumulate(float[], float[]) (line 23, line 24) && Write: after call Ops.accumulate(float[], float[]) 1 of 2.
          in targets.Block.forward;after call Opps.accumulate 1 of 2;value local out | call-count | Write: after call Ops.accumulate(float[], float[]) 1 of 2.
          in targets.Block.forward;after call Ops.accumulate(int) 1 of 2;value local out | call-count | Write: after call Ops.accumulate(float[], float[]) 1 of 2.
          in targets.Block.forward;after call X.quux 1 of 1;value local out | call-count | It calls Block.scale(float[], float) (line 21), Ops.accumulate
          in targets.Block.layer;after call X.quux 1 of 1;value return | call-count | It calls nothing
          in targets.Members$Concrete.<init>;before call Members.<init> 1 of 1;value call arg 0 | before-super | found it before super() or this() && Write: at entry
          in targets.Block.forward;after store local out 1 of 2;value local out | store-count | Wanted 1 of 2 stores to local out in Block.forward; found 1, at line 22. && write: after store local out 1 of 1.
          in targets.Block.forward;after store local x 1 of 1;value local x | store-count | found none. A parameter that is never assigned is whole at the start; write: at entry.
          in targets.Block.forward;after store local outt 1 of 1;value local outt | local-missing | doubled, i, out, position, this, x. Write: after store local out N of M.
          in targets.Block.forward;after store slot 9 1 of 1;value slot 9 | store-count | found none. The stores are to slot 3 (line 21), slot 4 (line 22), slot 5 (line 25).
          in targets.Block.forward;after call Block.scale 1 of 1;value local duobled | local-missing | Wanted 'local duobled' at line 21 of Block.forward; found in scope && The variable 'doubled' lives from line 21 on; write: after store local doubled 1 of 1.
          in targets.Block.forward;after call Ops.accumulate 1 of 2;value local uot | local-missing | out (float[], slot 4) && Write: local out.
          in targets.Block.forward;after call Ops.accumulate 1 of 2;value local i | local-missing | The variable 'i' lives from line 25 on; write: after store local i 1 of 1.
          in targets.Block.forward;at entry;value local doubled | local-missing | this (Block, slot 0) && x (float[], slot 1) && write: after store local doubled 1 of 1.
          in targets.Shapes.guarded;after call Block.scale 1 of 2;value local result;layer local e | local-missing | Wanted 'local e'
          in targets.Block.forward;at entry;value arg 2 | arg-missing | found arg 0 (float[]), arg 1 (int).
          in targets.Block.nested;after call Block.scale 1 of 2;value call arg 2 | arg-missing | the call of Block.scale(float[], float) with 2 arguments. Count from 0.
          in targets.Block.layer;at exit;value arg 0 | arg-missing | found no parameters
          in targets.Block.scale;at entry;value this.norm | this-missing | found a static method && arg 0 (float[]), arg 1 (float)
          in targets.Block.forward;after call Ops.accumulate 1 of 2;value return | return-missing | accumulate returns nothing. What it wrote into is an argument: write 'call arg N'.
          in targets.Ops.accumulate;at exit;value return | return-missing | accumulate returns nothing. Write 'arg N'
          in targets.Block.forward;at entry;value slot 4 | slot-missing | nothing usable in it. In use are slot 0 (Block), slot 1 (float[]), slot 2 (int).
          in targets.Block.forward;at entry;value slot 400 | slot-missing | In use are slot 0 (Block)
          in targets.Block.forward;at entry;value this.nrom.gain | field-missing | found the fields layer, norm. Write: value this.norm.
          in targets.Block.forward;at entry;value arg 0;layer this.quux | field-missing | Wanted 'this.quux' for 'layer'
          in targets.Block.forward;at entry;value arg 1 | value-type | Wanted rows of floats && in 'arg 1' at line 21 of Block.forward; found int.
          in targets.Shapes.prompt;at entry;value arg 0 | value-type | found int[]
          in targets.Shapes.slots;at entry;value arg 1 | value-type | found double
          in targets.Shapes.slots;at entry;value arg 2;pos arg 0 | value-type | Wanted an int for 'pos' in 'arg 0' && found long
          in targets.Shapes.joined;at entry;value arg 0;layer arg 1 | value-type | Wanted an int for 'layer' && found boolean
          in targets.Block.forward;at entry;value arg 0;layer arg 0 | value-type | Wanted an int for 'layer' && found float[]
          in targets.Block.forward;at entry;value arg 0;layer this.norm | value-type | Wanted an int for 'layer' && found Block$Norm
          in targets.Block.forward;at entry;value arg 0.length | value-type | Wanted an object whose fields 'value' can follow && found float[]
          in targets.Block.scale;at entry;value rms arg 0 eps arg 1 into arg 0 gain arg 0 | value-type | Wanted an object for 'eps' (a number has to be a field: this.norm.eps) && found float
          """)
  void eachMisfitSaysWhatToWrite(String lines, String id, String parts) {
    String owner = lines.substring(3, lines.indexOf('.', lines.indexOf('.') + 1));
    Misfit misfit = misfit(Compiled.onClassPath(owner), lines);
    assertEquals(id, misfit.id(), misfit.sentence());
    for (String part : parts.split(" && ", -1)) {
      assertTrue(misfit.sentence().contains(part), () -> part + "\nin\n" + misfit.sentence());
    }
    assertTrue(misfit.sentence().endsWith("."), misfit.sentence());
  }

  @Test
  void aValueAssignedOnlyBehindTheCallIsNotShownStale() {
    String source =
        """
        public class Stale {
          static float[] f(float[] x) { return x.clone(); }
          static Object g(Object x) { return x; }
          static float[] run(float[] y) {
            y = f(y);
            float[] z = f(y);
            y = (float[]) g(y);
            return z;
          }
        }
        """;
    byte[] stale = Compiled.source("Stale", source, "-g").get("Stale");
    for (String call : List.of("f 1 of 2", "g 1 of 1")) {
      for (String value : List.of("local y", "arg 0", "slot 0")) {
        Misfit misfit = misfit(stale, "in Stale.run;after call Stale." + call + ";value " + value);
        assertEquals("local-stale", misfit.id(), misfit.sentence());
        assertTrue(misfit.sentence().contains("Write: value return"), misfit.sentence());
      }
    }
    Woven other =
        Weaver.weave(
            stale,
            List.of(Taps.site("in Stale.run;after call Stale.f 2 of 2;value local y")),
            "test");
    assertEquals(List.of(), other.misfits());
  }

  @Test
  void callsOfSeveralMethodsOfOneNameAreToldApart() {
    String source =
        """
        public class Twice {
          static class A { static float[] f(float[] x) { return x; } }
          static float[] f(float[] x) { return x; }
          static float[] f(float[] x, int n) { return x; }
          static float[] run(float[] x) {
            return f(f(f(x)), 2);
          }
          static float[] both(float[] x) {
            return A.f(f(x));
          }
        }
        """;
    byte[] twice = Compiled.source("Twice", source, "-g").get("Twice");
    Misfit misfit = misfit(twice, "in Twice.run;after call Twice.f 1 of 3;value return");
    assertEquals("call-ambiguous", misfit.id());
    assertTrue(
        misfit
            .sentence()
            .contains(
                "Write one of: after call Twice.f(float[]) 1 of 2 (line 6, line 6); "
                    + "after call Twice.f(float[], int) 1 of 1 (line 6)."),
        misfit.sentence());
    Woven told =
        Weaver.weave(
            twice, List.of(Taps.site("in Twice.both;after call A.f 1 of 1;value return")), "test");
    assertEquals(List.of(), told.misfits());
  }

  @Test
  void withoutNamesTheSlotsAreListed() {
    String source =
        """
        public class NoNames {
          static float[] run(float[] x, int pos) {
            float[] y = x.clone();
            return y;
          }
        }
        """;
    byte[] bare = Compiled.source("NoNames", source, "-g:none").get("NoNames");
    Misfit store = misfit(bare, "in NoNames.run;after store local y 1 of 1;value local y");
    assertEquals("local-missing", store.id());
    assertTrue(
        store.sentence().contains("Compile it with -g, or write 'slot N' for 'local y'"),
        store.sentence());
    assertTrue(store.sentence().contains("slot 2 (instruction 3)"), store.sentence());
    Misfit local = misfit(bare, "in NoNames.run;at exit;value local y");
    assertEquals("local-missing", local.id());
    assertTrue(
        local.sentence().contains("in use are slot 0 (float[]), slot 1 (int), slot 2 (float[])."),
        local.sentence());
  }

  @Test
  void nothingIsWovenWhenOneSiteMisfits() {
    List<Site> sites =
        Taps.sites(
            """
            tap good
              in targets.Block.forward
              at entry
              value arg 0
            tap bad
              in targets.Block.forward
              at entry
              value arg 7
            tap elsewhere
              in targets.Shapes.loops
              at entry
              value arg 7
            """);
    Woven woven = Weaver.weave(Compiled.onClassPath("targets.Block"), sites, "test");
    assertEquals(Optional.empty(), woven.bytes());
    assertEquals(
        List.of("good", "bad"), woven.reports().stream().map(r -> r.site().name()).toList());
    assertTrue(woven.reports().get(0) instanceof Fit);
    assertEquals("arg-missing", woven.misfits().get(0).id());
  }

  @Test
  void aClassWithoutSitesIsLeftAlone() {
    Woven woven = Weaver.weave(Compiled.onClassPath("targets.Ops"), List.of(), "test");
    assertEquals(Optional.empty(), woven.bytes());
    assertEquals(List.of(), woven.reports());
  }

  private static final String ENTRY = "in targets.Block.forward;at entry;value arg 0";

  @ParameterizedTest
  @ValueSource(ints = {45, 50, Opcodes.V28 + 1, 200})
  void aClassVersionWithoutInvokedynamicOrUnknownIsRefused(int version) {
    byte[] bytes = Compiled.onClassPath("targets.Block");
    bytes[6] = 0;
    bytes[7] = (byte) version;
    Misfit misfit = misfit(bytes, ENTRY);
    assertEquals("class-version", misfit.id());
    assertTrue(misfit.sentence().contains("found " + version + "."), misfit.sentence());
    assertTrue(
        misfit.sentence().contains(version < 51 ? "Java 7 or later" : "a newer Tapscope"),
        misfit.sentence());
  }

  @Test
  void everyVersionAsmReadsIsTaken() {
    byte[] bytes = Compiled.onClassPath("targets.Block");
    bytes[7] = (byte) Opcodes.V28;
    assertEquals("targets/Block", new ClassReader(bytes).getClassName());
    assertEquals(List.of(), Weaver.weave(bytes, List.of(Taps.site(ENTRY)), "test").misfits());
  }

  @Test
  void bytesThatAreNoClassAreRefused() {
    for (byte[] bytes :
        List.of(
            new byte[0],
            new byte[] {1, 2, 3},
            "PK\3\4 a jar".getBytes(StandardCharsets.US_ASCII))) {
      assertEquals("class-file", misfit(bytes, ENTRY).id());
    }
  }

  /** Wherever a class file is cut, there is a misfit and no exception. */
  @Test
  void aClassFileCutShortIsRefused() {
    byte[] whole = Compiled.onClassPath("targets.Block");
    for (int length = 0; length < whole.length; length++) {
      Misfit misfit = misfit(Arrays.copyOf(whole, length), ENTRY);
      assertEquals("class-file", misfit.id(), "cut at " + length + ": " + misfit.sentence());
    }
  }

  /** Damage may go unseen (a name changed, say), but is never an exception. */
  @Test
  void aDamagedClassFileIsNeverAnException() {
    byte[] whole = Compiled.onClassPath("targets.Block");
    List<Site> sites =
        List.of(Taps.site("in targets.Block.forward;after store local out 1 of 1;value local out"));
    int refused = 0;
    for (int at = 8; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] = (byte) ~damaged[at];
      Woven woven = Weaver.weave(damaged, sites, "test");
      boolean fits = !woven.reports().isEmpty() && woven.misfits().isEmpty();
      assertEquals(fits, woven.bytes().isPresent());
      refused += woven.misfits().size();
    }
    assertTrue(refused > 100, refused + " refused");
  }
}
