package dev.tapscope.profile;

import static dev.tapscope.profile.Profiles.anyElement;
import static dev.tapscope.profile.Profiles.arg;
import static dev.tapscope.profile.Profiles.call;
import static dev.tapscope.profile.Profiles.callArg;
import static dev.tapscope.profile.Profiles.callThis;
import static dev.tapscope.profile.Profiles.constant;
import static dev.tapscope.profile.Profiles.element;
import static dev.tapscope.profile.Profiles.field;
import static dev.tapscope.profile.Profiles.indexOfCallArg;
import static dev.tapscope.profile.Profiles.local;
import static dev.tapscope.profile.Profiles.loop;
import static dev.tapscope.profile.Profiles.put;
import static dev.tapscope.profile.Profiles.returnLikeCallArg;
import static dev.tapscope.profile.Profiles.returned;
import static dev.tapscope.profile.Profiles.rms;
import static dev.tapscope.profile.Profiles.scaled;
import static dev.tapscope.profile.Profiles.self;
import static dev.tapscope.profile.Profiles.slot;
import static dev.tapscope.profile.Profiles.stack;
import static dev.tapscope.profile.Profiles.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileRoundTripTest {
  private static final String WRITTEN =
      """
      profile jlama-gemma2 for com.github.tjake:jlama-core:0.8.4
      bos 2
      text call a.Tokenizer.decode(int)

      tap tokens
        in     a.Model.forward(int[], int, Cache)
        at     entry
        value  arg 0
        pos    arg 1
        cache  arg 2

      tap res
        in     a.Block.forward
        after  call Ops.accumulate 2 of 2
        value  local lnpostFF as jlama
        layer  this.layerIndex
        pos    arg 1
        alias  FINAL_RESIDUAL hook_resid_post

      tap transcoder_in
        in     a.Block.forward()
        after  store local y 1 of 1
        value  rms local x eps this.norm.eps into local y gain this.norm.gain
        layer  this.layerIndex

      tap logits
        in     a.Model.head
        at     exit
        value  return.rows
        pos    0
        rows   some
      """;

  private static Profile built() {
    return Profiles.profile("jlama-gemma2")
        .target("com.github.tjake:jlama-core:0.8.4")
        .bos(2)
        .text("a.Tokenizer.decode(int)")
        .tap("tokens")
        .in("a.Model.forward(int[], int, Cache)")
        .entry()
        .value(arg(0))
        .position(arg(1))
        .cache(arg(2))
        .tap("res")
        .in("a.Block.forward")
        .after(call("Ops.accumulate").nth(2).of(2))
        .value(local("lnpostFF").as("jlama"))
        .layer(field("layerIndex"))
        .position(arg(1))
        .alias("FINAL_RESIDUAL", "hook_resid_post")
        .tap("transcoder_in")
        .in("a.Block.forward()")
        .after(store(local("y")))
        .value(rms(local("x"), field("norm", "eps"), local("y"), field("norm", "gain")))
        .layer(field("layerIndex"))
        .tap("logits")
        .in("a.Model.head")
        .exit()
        .value(returned().then("rows"))
        .position(constant(0))
        .someRows()
        .build();
  }

  @Test
  void builderAndTextAreTheSameProfile() {
    assertEquals(built(), withoutLines(ProfileParser.parse(WRITTEN, "w.taps")));
    assertEquals(WRITTEN, ProfilePrinter.print(built()));
  }

  @Test
  void theBuiltInProfilesSurviveTheTrip() {
    assertTrue(BuiltInProfiles.names().contains("gemma2"));
    assertEquals(Optional.empty(), BuiltInProfiles.find("gemma3"));
    for (String name : BuiltInProfiles.names()) {
      Profile profile = BuiltInProfiles.find(name).orElseThrow();
      assertEquals(name, profile.name());
      assertEquals(withoutLines(profile), trip(profile));
    }
  }

  /** The sites of the contract, with the names other tools give them. */
  @Test
  void gemma2HasEverySiteOfTheContract() {
    Profile profile = BuiltInProfiles.find("gemma2").orElseThrow();
    List<String> sites = profile.sites().stream().map(Site::name).toList();
    assertEquals(
        List.of(
            "tokens embed resid_pre attn_in q k v attn_logits attn_scores pattern att attn_raw"
                .split(" ")),
        sites.subList(0, 12));
    assertEquals(
        List.of(
            ("attn_out resid_mid transcoder_in mlp_in mlp_gate mlp_up mlp_act mlp_raw mlp res block"
                    + " final_norm logits sampled")
                .split(" ")),
        sites.subList(12, sites.size()));
    assertEquals(Optional.of(2), profile.bos());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyProfileSurvivesTheTrip(long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int i = 0; i < 100; i++) {
      Profile profile = anyProfile(random);
      assertEquals(profile, trip(profile), () -> ProfilePrinter.print(profile));
    }
  }

  @Test
  void aBrokenRuleIsToldToTheBuilderToo() {
    TapscopeException e =
        assertThrows(
            TapscopeException.class,
            () ->
                Profiles.profile("p")
                    .tap("res")
                    .in("a.B.f")
                    .after(store(arg(1)))
                    .value(arg(1))
                    .build());
    assertEquals("profile-syntax", e.id());
    assertEquals(
        "In profile p, tap res: a store is to 'local NAME' or 'slot N', found 'arg 1'.",
        e.getMessage());
    e =
        assertThrows(
            TapscopeException.class, () -> Profiles.profile("p").tap("res").in("a.B.f").build());
    assertTrue(e.getMessage().contains("tap res lacks a place"), e.getMessage());
    e =
        assertThrows(
            TapscopeException.class,
            () ->
                Profiles.profile("p")
                    .target("a # b")
                    .tap("t")
                    .in("a.B.f")
                    .entry()
                    .value(self())
                    .build());
    assertTrue(e.getMessage().contains("one line of text without '#'"), e.getMessage());
  }

  private static Profile trip(Profile profile) {
    return withoutLines(ProfileParser.parse(ProfilePrinter.print(profile), "trip.taps"));
  }

  private static Profile withoutLines(Profile profile) {
    return new Profile(
        profile.name(),
        profile.target(),
        profile.bos(),
        profile.text(),
        profile.places().stream().map(site -> site.atLine(0)).toList());
  }

  private static Profile anyProfile(RandomGenerator random) {
    Profiles.Header header = Profiles.profile("p" + random.nextInt(100) + ".x-y_z");
    if (random.nextBoolean()) {
      header.target("words of " + random.nextInt() + ", (any) kind: $x");
    }
    if (random.nextBoolean()) {
      header.bos(random.nextInt(Integer.MAX_VALUE));
    }
    if (random.nextBoolean()) {
      header.text("a.T.decode(int)");
    }
    Profiles.Tap tap = header.tap("tokens").in(method(random)).entry().value(arg(0));
    tap.position(operand(random, false, false));
    if (random.nextBoolean()) {
      tap.cache(operand(random, false, false));
    }
    for (int i = 0, sites = random.nextInt(6); i < sites; i++) {
      tap = anyTap(random, tap.tap("site_" + i), i);
    }
    tap = tap.tap("twice").in("a.B.f").entry().value(arg(0));
    tap = tap.tap("twice").in("a.B.g").exit().value(returned());
    return tap.build();
  }

  private static Profiles.Tap anyTap(RandomGenerator random, Profiles.Tap tap, int number) {
    tap.in(method(random));
    int of = 1 + random.nextInt(9);
    int nth = 1 + random.nextInt(of);
    for (int lambdas = random.nextInt(3); lambdas > 0; lambdas--) {
      tap.lambda(nth, of);
    }
    if (random.nextInt(4) == 0) {
      tap.body(String.format("%08x", random.nextInt()));
    }
    Operand variable = random.nextBoolean() ? local("v1") : slot(7);
    String field = random.nextBoolean() ? "this.w" : "a.Weights$In.w";
    Profiles.Call called = call(method(random)).nth(nth).of(of);
    called = random.nextBoolean() ? called.fedBy(field) : called;
    int at = random.nextInt(13);
    switch (at) {
      case 0 -> tap.entry();
      case 1 -> tap.exit();
      case 2 -> tap.before(called);
      case 3 -> tap.after(called);
      case 4 -> tap.before(put(field).nth(nth).of(of));
      case 5 -> tap.after(put(field).nth(nth).of(of));
      case 6 -> tap.after(element(field).nth(nth).of(of));
      case 7 -> tap.after(element(variable).nth(nth).of(of));
      case 8 -> tap.after(anyElement().nth(nth).of(of));
      case 9 -> tap.beginOf(loop(variable).nth(nth).of(of));
      case 10 -> tap.endOf(loop(variable).nth(nth).of(of));
      case 11 -> tap.around(called);
      default -> tap.after(store(variable).nth(nth).of(of));
    }
    boolean calls = at == 2 || at == 3 || at == 11;
    boolean returns = at == 1 || at == 3;
    if (at == 11) {
      tap.value(
          random.nextBoolean() ? callArg(2).as("codec") : returnLikeCallArg(random.nextInt(5)));
      return tap.layer(indexOfCallArg(1));
    }
    Operand value = operand(random, calls, returns);
    switch (random.nextInt(4)) {
      case 0 -> tap.value(value);
      case 3 -> tap.value(scaled(value, operand(random, calls, returns)));
      case 1 -> tap.value(value.as("codec-" + number));
      default ->
          tap.value(
              rms(
                  operand(random, calls, returns),
                  operand(random, calls, returns),
                  value,
                  operand(random, calls, returns)));
    }
    switch (random.nextInt(5)) {
      case 0 -> tap.layer(constant(random.nextInt(50)));
      case 1 -> tap.layer(operand(random, calls, returns));
      case 2 -> tap.layerBefore(operand(random, calls, returns));
      case 3 -> tap.latestLayer();
      default -> {}
    }
    if (random.nextBoolean()) {
      tap.cache(operand(random, calls, returns));
    }
    if (random.nextBoolean()) {
      tap.position(operand(random, calls, returns));
    }
    if (random.nextBoolean()) {
      tap.someRows();
    }
    if (random.nextBoolean()) {
      tap.alias("A_" + number, "ln" + number + ".hook_x");
    }
    return tap;
  }

  private static Operand operand(RandomGenerator random, boolean call, boolean returns) {
    List<Operand> roots =
        new ArrayList<>(List.of(self(), arg(random.nextInt(9)), local("x_$1"), slot(300)));
    roots.add(stack(random.nextInt(3)));
    if (call) {
      roots.add(callArg(random.nextInt(4)));
      roots.add(callThis());
    }
    if (returns) {
      roots.add(returned());
    }
    Operand root = roots.get(random.nextInt(roots.size()));
    return switch (random.nextInt(5)) {
      case 0 -> root;
      case 1 -> root.then("field");
      case 2 -> root.at(random.nextInt(99)).then("x");
      case 3 -> root.then("x").at(random.nextBoolean() ? local("l") : arg(1)).at(slot(2));
      default -> root.then("norm", "gain$");
    };
  }

  private static String method(RandomGenerator random) {
    String name = List.of("f", "<init>", "lambda$f$3", "matmul").get(random.nextInt(4));
    String owner = List.of("Ops", "a.b.Block", "a.Outer$Inner").get(random.nextInt(3));
    String types =
        List.of("", "()", "(int)", "(float[][], a.Map$Entry, KvCache)").get(random.nextInt(4));
    return owner + "." + name + types;
  }
}
