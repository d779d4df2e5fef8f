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
          in targets.Heads.keep;after put this.kept 1 of 1;value this.kept | put-count | Wanted 1 of 1 put of this.kept in Heads.keep; found 2, at line 49, line 54. && write: after put this.kept 1 of 2.
          in targets.Heads.keep;before put this.kpet 1 of 1;value stack | put-count | found none. It puts into this.kept, this.latest. Write: before put this.kept 1 of 2.
          in targets.Heads.forward;after put this.kept 1 of 1;value arg 0 | put-count | It puts nothing into any field; tap a call or the store of a variable.
          in targets.Heads.keep;after element local rows 1 of 2;value arg 0 | element-count | Wanted 1 of 2 stores of an element of local rows && found 1, at line 51. && write: after element local rows 1 of 1.
          in targets.Heads.keep;after element this.kept 1 of 1;value arg 0 | element-count | found none. The stores are to elements of any (line 50, line 50), local rows (line 51), this.out (line 52). Name one of them.
          in targets.Heads.keep;after element local rosw 1 of 1;value arg 0 | local-missing | Write: after element local rows N of M.
          in targets.Block.nested;after element any 1 of 1;value arg 0 | element-count | It stores no element itself; tap the call that does.
          in targets.Shapes.loops;loop local l end 1 of 2;value arg 0 | loop-count | Wanted 1 of 2 loops that count in local l in Shapes.loops; found 1, counted on at line 20. && write: loop local l end 1 of 1.
          in targets.Shapes.loops;loop local layers begin 1 of 1;value arg 0 | loop-count | Wanted 1 of 1 loop that counts in local layers && There are loops on local i (line 22), local l (line 20)
          in targets.Shapes.loops;loop local ll begin 1 of 1;value arg 0 | local-missing | Write: loop local l begin N of M.
          in targets.Block.nested;loop slot 1 end 1 of 1;value arg 0 | loop-count | Tap a call or a store in the loop.
          in targets.Heads.forward lambda 1 of 1;at entry;value this.out | lambda-count | Wanted 1 of 1 lambda in Heads.forward; found 2, at && for Heads::same tap the method itself. && write: lambda 1 of 2.
          in targets.Heads.forward lambda 1 of 2 lambda 1 of 1;at entry;value this.out | lambda-count | in Heads.forward lambda 1 of 2; found none. && Tap the method itself
          in targets.Block.forward lambda 1 of 1;at entry;value this.norm | lambda-count | found none
          in targets.Runner.forward;before call Runner.norm fed by Weights.attnNorm 1 of 1;value call arg 1 | call-count | found none: the 4 calls are fed at line 32 by Runner$State.xb and Runner$State.x and Runner$Weights.attNorm && Write: before call Runner.norm fed by Runner$Weights.attNorm 1 of 1.
          in targets.Block.nested;after call Block.scale fed by this.norm 1 of 1;value return | call-count | found none: the 2 calls are fed at line 42 by no field, at line 42 by no field. Write: after call Block.scale 1 of 2.
          in targets.Runner.forward;before call Runner.norm 1 of 4;value call arg 1;layer index of call arg 1 | index-missing | the argument is not loaded from an array, or not from one place. Write the index itself, such as: local l.
          in targets.Runner.forward;before call Runner.norm 1 of 4;value call arg 1;layer index of call arg 3 | arg-missing | with 3 arguments. Count from 0.
          in targets.Block.nested;before call Ops.sum 1 of 1;value stack 1 | stack-missing | found only stack (float[]). Name another operand
          in targets.Shapes.loops;after store local next 1 of 1;value stack | stack-missing | found an empty stack
          in targets.Block.nested;after call Ops.sum 1 of 1;value call this | this-missing | the call of Ops.sum(float[]), a static method, which has none. Write: call arg N.
          in targets.Members$Concrete.<init>;after call StringBuilder.<init> 1 of 1;value call this as any | this-missing | a constructor, whose object does not exist before it.
          in targets.Members$Concrete.<init>;around call StringBuilder.<init> 1 of 1;value call arg 0 | around-call | a constructor, without which there is no object. && write 'before call' or 'after call'
          in targets.Block.nested;around call Ops.sum 1 of 1;value return like call arg 0 | value-type | Wanted rows of floats && in 'return' && found float
          in targets.Block.nested;around call Block.scale 1 of 2;value call arg 0 | return-missing | scale returns float[], which has to be made when the call is left out. Write: value return like call arg N.
          in targets.Block.nested;around call Block.scale 1 of 2;value return like call arg 1 | value-type | Wanted rows of floats && in 'call arg 1' && found float
          in targets.Block.forward;around call Ops.accumulate 1 of 2;value return like call arg 0 | return-missing | accumulate returns nothing. Write the argument it writes into: value call arg N.
          in targets.Runner.forward;at entry;value arg 2[0] | value-type | found int
          in targets.Runner.forward;at entry;value arg 3[0] | value-type | Wanted an array before '[0]' in 'arg 3[0]' && found int
          in targets.Heads.keep;at exit;value this.out[arg 0] | value-type | Wanted an int as the index 'arg 0' && found float[]
          in targets.Heads.keep;at exit;value this.out[0][0] | value-type | Wanted rows of floats && found float
          in targets.Heads.keep;at exit;value this.out[local k] | local-missing | Wanted 'local k'
          in targets.Heads.forward;at entry;value arg 0;cache arg 1 | value-type | Wanted an object for 'cache'
          in targets.Heads.forward;at entry;value scaled arg 0 by arg 0 | value-type | Wanted a float, a double or an int for 'by' && found float[]
          in targets.Heads.forward;at entry;value scaled arg 0 by this.kept | value-type | Wanted a float, a double or an int for 'by' && found float[]
          in targets.Heads.forward;at entry;value arg 0;layer previous arg 0 | value-type | Wanted an int for 'layer' && found float[]
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
  void onlyOneTapStandsAroundACall() {
    List<Site> sites =
        Taps.sites(
            """
            tap first
              in     targets.Block.nested
              around call Block.scale 1 of 2
              value  return like call arg 0
            tap second
              in     targets.Block.nested
              around call Block.scale 1 of 2
              value  return like call arg 0
            tap third
              in     targets.Block.nested
              around call Block.scale 2 of 2
              value  return like call arg 0
            """);
    Woven woven = Weaver.weave(Compiled.onClassPath("targets.Block"), sites, "test");
    assertEquals(Optional.empty(), woven.bytes());
    assertEquals(List.of("second"), woven.misfits().stream().map(m -> m.site().name()).toList());
    assertEquals("around-twice", woven.misfits().get(0).id());
    String sentence = woven.misfits().get(0).sentence();
    assertTrue(sentence.contains("the tap 'first' stands around the same call"), sentence);
  }

  @Test
  void aCallThroughAMethodHandleCannotBeLeftOut() {
    String source =
        """
        public class Handles {
          static float[] run(java.lang.invoke.MethodHandle h, float[] x) throws Throwable {
            return (float[]) h.invokeExact(x);
          }
        }
        """;
    Misfit misfit =
        misfit(
            Compiled.source("Handles", source, "-g").get("Handles"),
            "in Handles.run;around call MethodHandle.invokeExact 1 of 1;"
                + "value return like call arg 0");
    assertEquals("around-call", misfit.id());
    assertTrue(misfit.sentence().contains("whose types only it knows"), misfit.sentence());
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
