package dev.tapscope.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Operand.Root;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProfileParserTest {
  private static final String TOKENS =
      """
      tap tokens
        in    a.Model.forward(int[], int)
        at    entry
        value arg 0
        pos   arg 1
      """;

  private static Site only(String tap) {
    Profile profile = ProfileParser.parse("profile p\n" + tap + TOKENS, "p.taps");
    assertEquals(2, profile.sites().size());
    return profile.sites().get(0);
  }

  private static Site withValue(String at, String value) {
    return only("tap res\n in a.B.f\n " + at + "\n value " + value + "\n");
  }

  @Test
  void theProfileOfTheDesignReads() {
    Profile profile =
        ProfileParser.parse(
            """
            # Jlama
            profile jlama-gemma2 for com.github.tjake:jlama-core:0.8.4
            bos 2
            text call a.Tokenizer.decode(int)

            tap res   # after the block
              in     com.github.tjake.TransformerBlock.forward(AbstractTensor, int, KvBufferCache$KvBuffer, Optional)
              after  call TensorOperations.accumulate 2 of 2
              value  local lnpostFF as jlama
              layer  this.layerIndex
              pos    arg 1
              alias  FINAL_RESIDUAL hook_resid_post
            """
                + TOKENS,
            "jlama.taps");
    assertEquals("jlama-gemma2", profile.name());
    assertEquals(Optional.of("com.github.tjake:jlama-core:0.8.4"), profile.target());
    assertEquals(Optional.of(2), profile.bos());
    assertEquals(
        Optional.of(new MethodRef("a.Tokenizer", "decode", Optional.of(List.of("int")))),
        profile.text());
    assertEquals(
        new Site(
            "res",
            1,
            new MethodRef(
                "com.github.tjake.TransformerBlock",
                "forward",
                Optional.of(
                    List.of("AbstractTensor", "int", "KvBufferCache$KvBuffer", "Optional"))),
            List.of(),
            new JoinPoint.AfterCall(
                new MethodRef("TensorOperations", "accumulate", Optional.empty()), 2, 2),
            new Value.Plain(Operand.of(new Root.Local("lnpostFF")), Optional.of("jlama")),
            Optional.of(new Layer.Of(path(new Root.This(), "layerIndex"))),
            Optional.of(Operand.of(new Root.Arg(1))),
            Optional.empty(),
            Site.Rows.EVERY,
            List.of("FINAL_RESIDUAL", "hook_resid_post"),
            Optional.empty(),
            6),
        profile.sites().get(0));
    assertEquals(13, profile.place("tokens").orElseThrow().line());
  }

  @Test
  void everyJoinPoint() {
    assertEquals(new JoinPoint.Entry(), withValue("at entry", "arg 0").at());
    assertEquals(new JoinPoint.Entry(), withValue("entry", "arg 0").at());
    assertEquals(new JoinPoint.Exit(), withValue("at exit", "return").at());
    assertEquals(new JoinPoint.Exit(), withValue("exit", "return").at());
    MethodRef call = new MethodRef("x.Ops", "add", Optional.of(List.of("float[]", "int")));
    assertEquals(
        new JoinPoint.BeforeCall(call, 1, 3),
        withValue("before call x.Ops.add( float[] ,int ) 1 of 3", "call arg 0").at());
    assertEquals(
        new JoinPoint.AfterCall(call, 3, 3),
        withValue("after\tcall x.Ops.add(float[], int) 3 of 3", "return").at());
    assertEquals(
        new JoinPoint.AfterStore(new Root.Local("x"), 1, 2),
        withValue("after store local x 1 of 2", "local x").at());
    assertEquals(
        new JoinPoint.AfterStore(new Root.Slot(14), 2, 2),
        withValue("after store slot 14 2 of 2", "slot 14").at());
  }

  @Test
  void everyOperandWithAndWithoutAPath() {
    assertEquals(path(new Root.This()), operand("this"));
    assertEquals(path(new Root.This(), "a", "b$1"), operand("this.a.b$1"));
    assertEquals(path(new Root.Arg(12)), operand("arg 12"));
    assertEquals(path(new Root.Arg(1), "a", "b"), operand("arg 1.a.b"));
    assertEquals(path(new Root.Local("x"), "a"), operand("local x.a"));
    assertEquals(path(new Root.Slot(3), "a"), operand("slot 3.a"));
    assertEquals(path(new Root.CallArg(0), "a"), operand("call arg 0.a"));
    assertEquals(path(new Root.Return()), operand("return"));
    assertEquals(path(new Root.Return(), "rows"), operand("return.rows"));
  }

  private static Operand path(Root root, String... fields) {
    return Operand.of(root).then(fields);
  }

  private static Operand operand(String text) {
    return withValue("after call x.Ops.add 1 of 1", text).value().tapped();
  }

  @Test
  void aFileOfCommentsIsNoProfile() {
    assertComplains(
        "# one\n\n  # two", "3:1", "expected 'profile NAME', found the end of the file");
  }

  @Test
  void theDerivedValue() {
    Site site =
        withValue(
            "after store local y 1 of 1",
            "rms local x eps this.norm.eps into local y gain this.norm.gain");
    assertEquals(
        new Value.Rms(
            Operand.of(new Root.Local("x")),
            path(new Root.This(), "norm", "eps"),
            Operand.of(new Root.Local("y")),
            path(new Root.This(), "norm", "gain")),
        site.value());
    assertEquals(3, site.captures().size());
  }

  @Test
  void numbersAsLayerAndPositionAreNotPassed() {
    Site site = only("tap res\n in a.B.f\n at entry\n value arg 0\n layer 3\n pos 0\n rows some\n");
    assertEquals(Optional.of(new Layer.Of(Operand.of(new Root.Constant(3)))), site.layer());
    assertEquals(Optional.of(Operand.of(new Root.Constant(0))), site.position());
    assertEquals(Site.Rows.SOME, site.rows());
    assertEquals(List.of(), site.captures());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          f() | ''
          f(int) | int
          f(float [], long[][]) | float[];long[][]
          f(Map<String, List<float[]>>, int) | Map;int
          f(float...) | float[]
          f(Optional<a.B>[]) | Optional[]
          f(a.b.Outer$Inner) | a.b.Outer$Inner
          <init>(int) | int
          lambda$forward$0(int) | int
          """)
  void parameterTypesAreErasedAsTheClassFileKnowsThem(String method, String types) {
    MethodRef parsed = MethodRef.parse("a.Outer$B." + method);
    String joined = String.join(";", parsed.parameters().orElseThrow());
    assertEquals(types.equals("''") ? "" : types, joined);
    assertEquals("a.Outer$B", parsed.owner());
  }

  @Test
  void theOwnerOfAMethodMayBeAnArray() {
    assertEquals(
        new MethodRef("float[][]", "clone", Optional.of(List.of())),
        MethodRef.parse("float[][].clone()"));
  }

  @Test
  void windowsLinesAByteOrderMarkAndTabsAreNoTrouble() {
    String windows = ("\uFEFFprofile p\n" + TOKENS).replace("\n", "\r\n").replace("  ", "\t");
    assertEquals(
        ProfileParser.parse("profile p\n" + TOKENS, "p"), ProfileParser.parse(windows, "p"));
  }

  /** Each case replaces the second tap of a good profile, whose first line is line 2. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          tap res; in a.B.f; at entyr; value arg 0 | 4:5 | expected entry or exit, found 'entyr'. Did you mean 'entry'?
          tap res; in a.B.f; at entry; valeu arg 0 | 5:2 | found 'valeu'. Did you mean 'value'?
          tap res; in a.B.f; at entry; value agr 0 | 5:8 | found 'agr'. Did you mean 'arg'?
          tap res; in a.B.f; at entry; value arg | 5:11 | the number of a parameter, found the end of the line
          tap res; in a.B.f; at entry; value arg x | 5:12 | the number of a parameter, found 'x'
          tap res; in a.B.f; at entry; value arg 1.. | 5:14 | found nothing in '1..'
          tap res; in a.B.f; at entry; value arg 0.a-b | 5:14 | found 'a-b'
          tap res; in a.B.f; at entry; value this.a b | 5:15 | expected 'as', found 'b'
          tap res; in a.B.f; at entry; value arg 99999 | 5:12 | from 0 to 65535, found '99999'
          tap res; in a.B.f; at entry; value arg 99999999999999 | 5:12 | from 0 to 65535
          tap res; in a.B.f; at entry; value local 3x | 5:14 | found '3x'
          tap res; in a.B.f; at entry; value 3 | 5:8 | expected rms, scaled, this, arg N
          tap res; in a.B.f; at entry; value | 5:7 | found the end of the line
          tap res; in a.B.f; at entry; value arg 0 as | 5:16 | the name of a codec, found the end
          tap res; in a.B.f; at entry; value arg 0 as a/b | 5:17 | the name of a codec, found 'a/b'
          tap res; in a.B.f; at entry; value rms arg 0 esp arg 1 | 5:18 | expected 'eps', found 'esp'. Did you mean 'eps'?
          tap res; in a.B.f; at entry; value rms arg 0 eps arg 1 into arg 2 | 5:38 | expected 'gain'
          tap res; in f; at entry; value arg 0 | 3:5 | expected a method, written a.b.Owner.name(types), found 'f'
          tap res; in a.B.f(int; at entry; value arg 0 | 3:14 | expected ')' after the parameter types
          tap res; in a.B.f(int,,int); at entry; value arg 0 | 3:15 | expected a parameter type such as int
          tap res; in a.B.f(int, 3); at entry; value arg 0 | 3:16 | found '3'
          tap res; in a.B.f(List<int); at entry; value arg 0 | 3:11 | found 'List<int'
          tap res; in a.B.f(int)x; at entry; value arg 0 | 3:15 | expected a blank after ')'
          tap res; in a.B.f(int) x; at entry; value arg 0 | 3:16 | expected nothing more after 'in', found 'x'
          tap res; in a..B.f; at entry; value arg 0 | 3:5 | expected a method
          tap res; in a.B.f; after cal X.g 1 of 1; value return | 4:8 | expected call, store, put or element, found 'cal'. Did you mean 'call'?
          tap res; in a.B.f; before store local x 1 of 1; value local x | 4:9 | expected call or put, found 'store'
          tap res; in a.B.f; after call X.g; value return | 4:16 | expected N of M, such as '1 of 2', found the end of the line
          tap res; in a.B.f; after call X.g 1; value return | 4:18 | expected 'of'
          tap res; in a.B.f; after call X.g 1 fo 2; value return | 4:19 | found 'fo'. Did you mean 'of'?
          tap res; in a.B.f; after call X.g 0 of 2; value return | 4:17 | from 1 to 2147483647, found '0'
          tap res; in a.B.f; after call X.g 3 of 2; value return | 4:2 | '3 of 2' names no place
          tap res; in a.B.f; after call X.g 1 of 2 x; value return | 4:24 | nothing more after 'after'
          tap res; in a.B.f; after store x 1 of 1; value local x | 4:14 | expected local NAME or slot N, found 'x'
          tap res; in a.B.f; after store local x.y 1 of 1; value local x | 4:14 | a store is to a variable, not to a field
          tap res; in a.B.f; at entry; value call arg 0 | 5:8 | 'call arg 0' needs a call
          tap res; in a.B.f; at entry; value return | 5:8 | 'return' is known at exit and after a call, not 'at entry'
          tap res; in a.B.f; before call X.g 1 of 1; value return | 5:8 | 'return' is known at exit
          tap res; in a.B.f; after store local x 1 of 1; value local x; pos return | 6:6 | 'return' is known at exit
          tap res; in a.B.f; at entry; value arg 0; rows evry | 6:7 | expected every or some, found 'evry'. Did you mean 'every'?
          tap res; in a.B.f; at entry; value arg 0; alias | 6:7 | a name other tools use, found the end
          tap res; in a.B.f; at entry; value arg 0; alias a.3 | 6:8 | an alias is made of letters
          tap res; in a.B.f; at entry; value arg 0; alias tokens | 6:8 | the name 'tokens' already means the site 'tokens'
          tap res; in a.B.f; at entry; value arg 0; alias X X | 6:8 | the name 'X' already means the site 'res'
          tap res; in a.B.f; at entry; value arg 0; layer | 6:7 | expected previous, latest, a number, this, arg N
          tap res; in a.B.f; at entry; value arg 0; layer -1 | 6:8 | found '-1'
          tap res; in a.B.f; at entry; at exit; value arg 0 | 5:2 | 'tap res' has a second 'at' line here
          tap res; in a.B.f; at entry; exit; value arg 0 | 5:2 | has a second 'exit' line
          tap res; in a.B.f; at entry; value arg 0; value arg 1 | 6:2 | has a second 'value' line
          tap res; in a.B.f; at entry; value arg 0; rows some; rows some | 7:2 | has a second 'rows' line
          tap res; at entry; value arg 0 | 2:5 | 'tap res' lacks 'in'
          tap res; in a.B.f; value arg 0 | 2:5 | 'tap res' lacks 'at', 'after', 'before', 'around' or 'loop'
          tap res; in a.B.f; at entry | 2:5 | 'tap res' lacks 'value'
          tap; in a.B.f | 2:4 | the name of a site, such as res, found the end of the line
          tap res.3; in a.B.f; at entry; value arg 0 | 2:5 | the name of a site is made of letters
          tap res mid; in a.B.f; at entry; value arg 0 | 2:9 | nothing more after the name of a site
          tap tokens; in a.B.f; at entry; value arg 0; pos arg 1 | 7:5 | the site 'tokens' is declared twice
          tap sampled; in a.B.f; at exit; value return; layer 1 | 6:8 | 'tap sampled' lies outside the blocks
          tap sampled; in a.B.f; at exit; value return as x | 5:8 | 'tap sampled' shows token ids, an int
          tap res; in a.B.f; at entry; value arg 0; bos 2 | 6:2 | 'bos' belongs once before the first tap
          tap res; in a.B.f; at entry; value arg 0; profile q | 6:2 | 'profile' belongs once before
          bos two | 2:5 | expected a token id, found 'two'
          bos 2; bos 3 | 3:2 | 'bos' stands here a second time
          bos 2 3 | 2:7 | nothing more after 'bos', found '3'
          text a.T.decode(int) | 2:6 | expected 'call'
          text call a.T.decode(String) | 2:11 | the decoder takes one token id; write 'text call a.T.decode(int)'
          text call a.T.decode | 2:11 | the decoder takes one token id
          value arg 0 | 2:1 | expected bos, text or tap, found 'value'
          """)
  void whatIsWrongIsNamedWithItsPlace(String lines, String place, String sentence) {
    String broken = "profile p\n" + lines.replace("; ", "\n ") + "\n" + TOKENS;
    assertComplains(broken, place, sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          '' | 1:1 | expected 'profile NAME', found the end of the file
          tap tokens | 1:1 | expected 'profile', found 'tap'
          porfile p | 1:1 | found 'porfile'. Did you mean 'profile'?
          profile | 1:8 | the name of the profile, such as gemma2, found the end of the line
          profile a/b | 1:9 | the name of the profile, such as gemma2, found 'a/b'
          profile p of x | 1:11 | expected 'for', found 'of'
          profile p for | 1:14 | expected what the profile is for
          profile p for # x | 1:15 | expected what the profile is for
          profile p | 1:9 | the profile has no tap
          profile p; tap res; in a.B.f; at entry; value arg 0 | 1:9 | the profile has no 'tap tokens'
          profile p; tap tokens; in a.B.f; at entry; value arg 0 | 2:6 | 'tap tokens' needs 'pos'
          profile p; tap tokens; in a.B.f; at entry; value arg 0; pos 0; layer 0 | 7:8 | 'tap tokens' lies outside the blocks
          profile p; tap tokens; in a.B.f; at entry; value rms arg 0 eps arg 0 into arg 0 gain arg 0; pos 0 | 5:8 | shows token ids, an int[]
          """)
  void aWholeFileThatIsNoProfile(String lines, String place, String sentence) {
    assertComplains(lines.equals("''") ? "" : lines.replace("; ", "\n "), place, sentence);
  }

  private static void assertComplains(String text, String place, String sentence) {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> ProfileParser.parse(text, "bad.taps"));
    assertEquals("profile-syntax", e.id());
    assertEquals(TapscopeException.USAGE, e.exit());
    assertTrue(
        e.getMessage().startsWith("bad.taps:" + place + ": "),
        () -> place + " in " + e.getMessage());
    assertTrue(e.getMessage().contains(sentence), () -> sentence + " in " + e.getMessage());
  }
}
