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
  void everyFurtherJoinPoint() {
    MethodRef call = new MethodRef("Ops", "add", Optional.empty());
    Optional<FieldRef> field = Optional.of(new FieldRef("this", "norm"));
    assertEquals(
        new JoinPoint.AfterCall(call, field, 1, 2),
        withValue("after call Ops.add fed by this.norm 1 of 2", "return").at());
    assertEquals(
        new JoinPoint.BeforeCall(call, field, 1, 2),
        withValue("before call Ops.add fed by this.norm 1 of 2", "call this").at());
    assertEquals(
        new JoinPoint.AroundCall(call, Optional.empty(), 1, 1),
        withValue("around call Ops.add 1 of 1", "return like call arg 0 as x").at());
    FieldRef put = new FieldRef("a.b.State$Of", "x");
    assertEquals(
        new JoinPoint.BeforePut(put, 1, 1),
        withValue("before put a.b.State$Of.x 1 of 1", "stack").at());
    assertEquals(
        new JoinPoint.AfterPut(put, 2, 3),
        withValue("after put a.b.State$Of.x 2 of 3", "arg 0.x").at());
    assertEquals(
        new JoinPoint.AfterElement(JoinPoint.ArrayRef.ANY, 1, 4),
        withValue("after element any 1 of 4", "arg 0").at());
    assertEquals(
        new JoinPoint.AfterElement(new JoinPoint.ArrayRef.InVariable(new Root.Slot(3)), 1, 1),
        withValue("after element slot 3 1 of 1", "arg 0").at());
    assertEquals(
        new JoinPoint.AfterElement(
            new JoinPoint.ArrayRef.InField(new FieldRef("this", "cache")), 1, 1),
        withValue("after element this.cache 1 of 1", "arg 0").at());
    assertEquals(
        new JoinPoint.LoopBegin(new Root.Local("l"), 1, 1),
        withValue("loop local l begin 1 of 1", "arg 0").at());
    assertEquals(
        new JoinPoint.LoopEnd(new Root.Slot(4), 2, 2),
        withValue("loop slot 4 end 2 of 2", "arg 0").at());
  }

  @Test
  void everyFurtherOperand() {
    assertEquals(Operand.of(new Root.Stack(0)), operand("stack"));
    assertEquals(Operand.of(new Root.Stack(2)).then("x"), operand("stack 2.x"));
    assertEquals(Operand.of(new Root.Stack(0)).then("x"), operand("stack.x"));
    assertEquals(Operand.of(new Root.CallThis()).then("a", "b"), operand("call this.a.b"));
    assertEquals(
        path(new Root.This(), "state", "x").at(Operand.of(new Root.Local("l"))),
        operand("this.state.x[local l]"));
    assertEquals(
        Operand.of(new Root.Arg(1)).at(2).at(Operand.of(new Root.CallArg(0))).then("w"),
        operand("arg 1[2][ call arg 0 ].w"));
    assertEquals(Operand.of(new Root.Return()).at(0), operand("return[0]"));
  }

  @Test
  void layersOfEveryKind() {
    Operand index = Operand.of(new Root.IndexOf(2));
    assertEquals(Optional.of(new Layer.Of(index)), layer("index of call arg 2"));
    assertEquals(Optional.of(new Layer.Previous(index)), layer("previous index of call arg 2"));
    assertEquals(
        Optional.of(new Layer.Previous(Operand.of(new Root.Constant(3)))), layer("previous 3"));
    assertEquals(Optional.of(new Layer.Latest()), layer("latest"));
  }

  private static Optional<Layer> layer(String text) {
    return withValue("before call x.Ops.add 1 of 1", "call arg 0\n layer " + text).layer();
  }

  @Test
  void lambdasAndFingerprints() {
    Site site =
        only(
            "tap res\n in a.B.f(int) lambda 1 of 2 lambda 3 of 3\n body 9f3c01aa\n at entry\n"
                + " value arg 0\n");
    assertEquals(List.of(new LambdaRef(1, 2), new LambdaRef(3, 3)), site.lambdas());
    assertEquals(Optional.of("9f3c01aa"), site.body());
    assertEquals("a.B.f(int) lambda 1 of 2 lambda 3 of 3", site.inText());
  }

  @Test
  void aSiteHasSeveralPlaces() {
    Profile profile =
        ProfileParser.parse(
            "profile p\ntap res\n in a.B.f\n at entry\n value arg 0\n layer 1\n alias X\n"
                + "tap res\n in a.B.g\n at exit\n value return\n layer latest\n"
                + TOKENS,
            "p.taps");
    assertEquals(
        List.of("res", "res#2", "tokens"), profile.places().stream().map(Site::id).toList());
    assertEquals(List.of("res", "tokens"), profile.sites().stream().map(Site::name).toList());
    assertEquals("a.B.g", profile.place("res#2").orElseThrow().in().toString());
    assertEquals(Optional.empty(), profile.place("res#3"));
  }

  /** A model may have one method for prompts and another for single tokens. */
  @Test
  void aPassMayBeginInSeveralMethods() {
    Profile profile =
        ProfileParser.parse(
            "profile p\n" + TOKENS + TOKENS.replace("forward(int[], int)", "next(int, int)"), "p");
    assertEquals(List.of("tokens", "tokens#2"), profile.places().stream().map(Site::id).toList());
    assertEquals(
        List.of("a.Model.forward(int[], int)", "a.Model.next(int, int)"),
        profile.passes().stream().map(MethodRef::toString).toList());
  }

  /** A linker hands out what is passed in this order. */
  @Test
  void whatIsPassedIsTheRootsAndTheIndexes() {
    Site site =
        only(
            """
            tap res
              in     a.B.f
              after  call X.g 1 of 1
              value  scaled this.x[local t][3] by arg 4.s[slot 5]
              layer  previous call arg 0
              pos    this.starts[arg 1]
              cache  arg 2
            """);
    assertEquals(
        List.of(
            "call arg 0",
            "this.starts[arg 1]",
            "arg 1",
            "arg 2",
            "local t",
            "arg 4.s[slot 5]",
            "slot 5"),
        site.captures().stream().map(Operand::toString).toList());
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
          tap sampled; in a.B.f; at exit; value return; layer 1 | 6:8 | 'tap sampled' lies outside the blocks
          tap sampled; in a.B.f; at exit; value return as x | 5:8 | 'tap sampled' shows token ids, an int
          tap res; in a.B.f; at entry; value arg 0; bos 2 | 6:2 | 'bos' belongs once before the first tap
          tap res; in a.B.f; at entry; value arg 0; profile q | 6:2 | 'profile' belongs once before
          tap res; in a.B.f lambda; at entry; value arg 0 | 3:17 | expected N of M, such as '1 of 2', found the end of the line
          tap res; in a.B.f lambda 1 fo 2; at entry; value arg 0 | 3:20 | found 'fo'. Did you mean 'of'?
          tap res; in a.B.f lambda 3 of 2; at entry; value arg 0 | 3:5 | '3 of 2' names no place
          tap res; in a.B.f lamda 1 of 2; at entry; value arg 0 | 3:11 | expected nothing more after 'in', found 'lamda'
          tap res; in a.B.f; body 12345; at entry; value arg 0 | 4:7 | expected a fingerprint of eight digits 0-9 and a-f, found '12345'
          tap res; in a.B.f; body 9F3C01AA; at entry; value arg 0 | 4:7 | found '9F3C01AA'
          tap res; in a.B.f; around X.g 1 of 1; value call arg 0 | 4:9 | expected 'call', found 'X.g'
          tap res; in a.B.f; around call X.g 1 of 1; value return | 5:8 | around a call the value is what the call makes
          tap res; in a.B.f; around call X.g 1 of 1; value arg 0 | 5:8 | write 'return like call arg N'
          tap res; in a.B.f; around call X.g 1 of 1; value call arg 0.x | 5:8 | found 'call arg 0.x'
          tap res; in a.B.f; after call X.g 1 of 1; value return like call arg 0 | 5:8 | belongs to 'around call'; write 'return' after the call
          tap res; in a.B.f; around call X.g 1 of 1; value return like arg 0 | 5:20 | expected call arg N, whose form the result takes, found 'arg 0'
          tap res; in a.B.f; around call X.g 1 of 1; value return like | 5:19 | expected call arg N, whose form the result takes, found the end
          tap res; in a.B.f; after call X.g fed Y.w 1 of 1; value return | 4:21 | expected 'by', found 'Y.w'
          tap res; in a.B.f; after call X.g fed by w 1 of 1; value return | 4:24 | expected a field, written Owner.name or this.name, found 'w'
          tap res; in a.B.f; before put x 1 of 1; value stack | 4:13 | expected a field, written Owner.name or this.name, found 'x'
          tap res; in a.B.f; after put this.x; value this.x | 4:18 | expected N of M
          tap res; in a.B.f; after element x 1 of 1; value arg 0 | 4:16 | expected the array: local NAME, slot N, Owner.field, this.field or any, found 'x'
          tap res; in a.B.f; after element local x.y 1 of 1; value arg 0 | 4:16 | the array is in a variable or a field, found 'local x.y'
          tap res; in a.B.f; after element any 2 of 1; value arg 0 | 4:2 | '2 of 1' names no place
          tap res; in a.B.f; loop l begin 1 of 1; value arg 0 | 4:7 | expected local NAME or slot N, found 'l'
          tap res; in a.B.f; loop local l start 1 of 1; value arg 0 | 4:15 | expected begin or end, found 'start'
          tap res; in a.B.f; loop local l end; value arg 0 | 4:18 | expected N of M
          tap res; in a.B.f; loop local l.x end 1 of 1; value arg 0 | 4:7 | a loop counts in a variable, found 'local l.x'
          tap res; in a.B.f; before loop local l 1 of 1; value arg 0 | 4:9 | expected call or put, found 'loop'
          tap res; in a.B.f; at entry; value this.x[ | 5:15 | expected ']' after the index, found the end of the line
          tap res; in a.B.f; at entry; value this.x[] | 5:15 | expected an index: a number, arg N
          tap res; in a.B.f; at entry; value this.x[l] | 5:15 | expected an index: a number, arg N, local NAME, slot N or call arg N, found 'l'
          tap res; in a.B.f; at entry; value this.x[this.i] | 5:15 | found 'this.i'
          tap res; in a.B.f; at entry; value this.x[local l.i] | 5:15 | expected an index: a number
          tap res; in a.B.f; at entry; value this.x[1 2] | 5:17 | expected nothing more after an index, found '2'
          tap res; in a.B.f; at entry; value this.x[1]y | 5:17 | expected '.' or '[' after ']', found 'y'
          tap res; in a.B.f; at entry; value arg 0[99999999999] | 5:14 | from 0 to 2147483647, found '99999999999'
          tap res; in a.B.f; at entry; value this.x[call arg 0] | 5:8 | 'this.x[call arg 0]' needs a call
          tap res; in a.B.f; at entry; value call this | 5:8 | 'call this' needs a call
          tap res; in a.B.f; at entry; value call that | 5:13 | expected arg N or this, found 'that'
          tap res; in a.B.f; at entry; value arg 0; layer index of call arg 0 | 6:8 | 'index of call arg 0' needs a call
          tap res; in a.B.f; at entry; value arg 0; layer index call arg 0 | 6:14 | expected 'of', found 'call'
          tap res; in a.B.f; after call X.g 1 of 1; value return; layer index of call arg 0.x | 6:8 | an index is a number and has no fields
          tap res; in a.B.f; at entry; value stack 70000 | 5:14 | from 0 to 65535, found '70000'
          tap res; in a.B.f; at entry; value arg 0; layer previous | 6:16 | expected a number, this, arg N
          tap res; in a.B.f; at entry; value arg 0; layer latest 3 | 6:15 | nothing more after 'layer', found '3'
          tap res; in a.B.f; at entry; value arg 0; layer latset | 6:8 | found 'latset'
          tap res; in a.B.f; at entry; value scaled arg 0 of arg 1 | 5:21 | expected 'by', found 'of'.
          tap res; in a.B.f; at entry; value scaled arg 0 by 2 | 5:24 | expected this, arg N
          tap res; in a.B.f; at entry; value arg 0; tap res; in a.B.g; at entry; value arg 0; layer 1 | 6:6 | the site 'res' has a layer at one of its places and none at another
          tap res; in a.B.f; at entry; value arg 0; tap res; in a.B.g; at entry; value arg 0; alias X | 10:8 | the other names of 'res' belong to its first tap
          tap res; in a.B.f; at entry; value arg 0; tap res; in a.B.g; at entry; value arg 0; rows some | 10:7 | all taps of 'res' need the same 'rows' line
          tap sampled; in a.B.f; around call X.g 1 of 1; value call arg 0 | 4:2 | 'tap sampled' shows token ids and leaves no call out
          tap tokens; in a.B.f lambda 1 of 1; at entry; value arg 0; pos 0 | 3:5 | 'tap tokens' lies in a method, whose call is a pass
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
