package dev.tapscope.profile;

import dev.tapscope.profile.Operand.Root;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Profiles written in Java, in the words of the text form:
 *
 * <pre>{@code
 * Profiles.profile("jlama-gemma2").bos(2)
 *     .tap("res")
 *         .in("com.github.tjake.jlama.model.TransformerBlock.forward")
 *         .after(call("TensorOperations.accumulate").nth(2).of(2))
 *         .value(local("lnpostFF").as("jlama"))
 *         .layer(field("layerIndex"))
 *         .position(arg(1))
 *     .tap("tokens")
 *         ...
 *     .build();
 * }</pre>
 *
 * <p>Methods are given as a profile writes them, {@code Owner.name} or {@code Owner.name(types)}.
 */
public final class Profiles {
  private Profiles() {}

  /** Starts a profile. */
  public static Header profile(String name) {
    return new Header(name);
  }

  /** {@code this}. */
  public static Operand self() {
    return Operand.of(new Root.This());
  }

  /** {@code this.a.b}. */
  public static Operand field(String... path) {
    return self().then(path);
  }

  /** {@code arg N}. */
  public static Operand arg(int index) {
    return Operand.of(new Root.Arg(index));
  }

  /** {@code local NAME}. */
  public static Operand local(String name) {
    return Operand.of(new Root.Local(name));
  }

  /** {@code slot N}. */
  public static Operand slot(int index) {
    return Operand.of(new Root.Slot(index));
  }

  /** {@code call arg N}. */
  public static Operand callArg(int index) {
    return Operand.of(new Root.CallArg(index));
  }

  /** {@code stack N}. */
  public static Operand stack(int depth) {
    return Operand.of(new Root.Stack(depth));
  }

  /** {@code call this}. */
  public static Operand callThis() {
    return Operand.of(new Root.CallThis());
  }

  /** {@code index of call arg N}. */
  public static Operand indexOfCallArg(int index) {
    return Operand.of(new Root.IndexOf(index));
  }

  /** {@code return}. */
  public static Operand returned() {
    return Operand.of(new Root.Return());
  }

  /** A layer or position that is always the same. */
  public static Operand constant(int value) {
    return Operand.of(new Root.Constant(value));
  }

  /** {@code call METHOD}, the only one unless {@code nth} and {@code of} say otherwise. */
  public static Call call(String method) {
    return new Call(MethodRef.parse(method), Optional.empty(), 1, 1);
  }

  /** {@code put FIELD}, the only one likewise; {@code Owner.name} or {@code this.name}. */
  public static Put put(String field) {
    return new Put(FieldRef.parse(field), 1, 1);
  }

  /** {@code element local NAME} or {@code element slot N}, the only one likewise. */
  public static Element element(Operand variable) {
    return new Element(new JoinPoint.ArrayRef.InVariable(variable.root()), 1, 1);
  }

  /** {@code element FIELD}, the only one likewise. */
  public static Element element(String field) {
    return new Element(new JoinPoint.ArrayRef.InField(FieldRef.parse(field)), 1, 1);
  }

  /** {@code element any}, the only one likewise. */
  public static Element anyElement() {
    return new Element(new JoinPoint.ArrayRef.Any(), 1, 1);
  }

  /** {@code loop local NAME} or {@code loop slot N}, the only one likewise. */
  public static Loop loop(Operand variable) {
    return new Loop(variable.root(), 1, 1);
  }

  /** {@code store local NAME} or {@code store slot N}, the only one likewise. */
  public static Store store(Operand variable) {
    return new Store(variable.root(), 1, 1);
  }

  /** {@code rms SOURCE eps EPS into TARGET gain GAIN}. */
  public static Value rms(Operand source, Operand eps, Operand into, Operand gain) {
    return new Value.Rms(source, eps, into, gain);
  }

  /** {@code scaled ROWS by FACTOR}. */
  public static Value scaled(Operand rows, Operand factor) {
    return new Value.Scaled(rows, factor);
  }

  /** {@code return like call arg N}, around a call. */
  public static Value returnLikeCallArg(int index) {
    return new Value.Result(new Root.CallArg(index), Optional.empty());
  }

  /** {@code return like call arg N as CODEC}, around a call. */
  public static Value returnLikeCallArg(int index, String codec) {
    return new Value.Result(new Root.CallArg(index), Optional.of(codec));
  }

  /** Which of how many calls. */
  public record Call(MethodRef method, Optional<FieldRef> fedBy, int nth, int of) {
    /** Only calls whose receiver or an argument was loaded from a field count. */
    public Call fedBy(String field) {
      return new Call(method, Optional.of(FieldRef.parse(field)), nth, of);
    }

    public Call nth(int newNth) {
      return new Call(method, fedBy, newNth, of);
    }

    public Call of(int newOf) {
      return new Call(method, fedBy, nth, newOf);
    }
  }

  /** Which of how many puts of a field. */
  public record Put(FieldRef field, int nth, int of) {
    public Put nth(int newNth) {
      return new Put(field, newNth, of);
    }

    public Put of(int newOf) {
      return new Put(field, nth, newOf);
    }
  }

  /** Which of how many stores of an element. */
  public record Element(JoinPoint.ArrayRef array, int nth, int of) {
    public Element nth(int newNth) {
      return new Element(array, newNth, of);
    }

    public Element of(int newOf) {
      return new Element(array, nth, newOf);
    }
  }

  /** Which of how many loops. */
  public record Loop(Root variable, int nth, int of) {
    public Loop nth(int newNth) {
      return new Loop(variable, newNth, of);
    }

    public Loop of(int newOf) {
      return new Loop(variable, nth, newOf);
    }
  }

  /** Which of how many stores. */
  public record Store(Root variable, int nth, int of) {
    public Store nth(int newNth) {
      return new Store(variable, newNth, of);
    }

    public Store of(int newOf) {
      return new Store(variable, nth, newOf);
    }
  }

  /** What stands before the first tap. Not thread-safe. */
  public static final class Header {
    private final String name;
    private final List<Site> places = new ArrayList<>();
    private Optional<String> target = Optional.empty();
    private Optional<Integer> bos = Optional.empty();
    private Optional<MethodRef> text = Optional.empty();

    private Header(String name) {
      this.name = name;
    }

    /** What the profile is for, in words or coordinates. */
    public Header target(String words) {
      target = Optional.of(words);
      return this;
    }

    public Header bos(int id) {
      bos = Optional.of(id);
      return this;
    }

    /** The model's own decoder of one token id, {@code Owner.method(int)}. */
    public Header text(String method) {
      text = Optional.of(MethodRef.parse(method));
      return this;
    }

    public Tap tap(String site) {
      return new Tap(this, site);
    }

    private Profile build() {
      Profile profile = new Profile(name, target, bos, text, places);
      ProfileRules.broken(profile)
          .ifPresent(broken -> {
            String where =
                broken.site() == ProfileRules.HEADER
                    ? "profile " + name
                    : "profile " + name + ", tap " + places.get(broken.site()).name();
            throw TapscopeException.usage(
                "profile-syntax", "In " + where + ": " + broken.sentence());
          });
      return profile;
    }
  }

  /** One tap. Not thread-safe. */
  public static final class Tap {
    private final Header profile;
    private final String name;
    private Optional<MethodRef> in = Optional.empty();
    private Optional<JoinPoint> at = Optional.empty();
    private Optional<Value> value = Optional.empty();
    private List<LambdaRef> lambdas = List.of();
    private Optional<Layer> layer = Optional.empty();
    private Optional<Operand> position = Optional.empty();
    private Optional<Operand> cache = Optional.empty();
    private Site.Rows rows = Site.Rows.EVERY;
    private List<String> aliases = List.of();
    private Optional<String> body = Optional.empty();

    private Tap(Header profile, String name) {
      this.profile = profile;
      this.name = name;
    }

    public Tap in(String method) {
      in = Optional.of(MethodRef.parse(method));
      return this;
    }

    /** The body of a lambda of the method, or of the lambda last named. */
    public Tap lambda(int nth, int of) {
      List<LambdaRef> deeper = new ArrayList<>(lambdas);
      deeper.add(new LambdaRef(nth, of));
      lambdas = deeper;
      return this;
    }

    /** The fingerprint the body has to have. */
    public Tap body(String fingerprint) {
      body = Optional.of(fingerprint);
      return this;
    }

    public Tap entry() {
      return at(new JoinPoint.Entry());
    }

    public Tap exit() {
      return at(new JoinPoint.Exit());
    }

    public Tap before(Call call) {
      return at(new JoinPoint.BeforeCall(call.method(), call.fedBy(), call.nth(), call.of()));
    }

    public Tap after(Call call) {
      return at(new JoinPoint.AfterCall(call.method(), call.fedBy(), call.nth(), call.of()));
    }

    public Tap around(Call call) {
      return at(new JoinPoint.AroundCall(call.method(), call.fedBy(), call.nth(), call.of()));
    }

    public Tap before(Put put) {
      return at(new JoinPoint.BeforePut(put.field(), put.nth(), put.of()));
    }

    public Tap after(Put put) {
      return at(new JoinPoint.AfterPut(put.field(), put.nth(), put.of()));
    }

    public Tap after(Element store) {
      return at(new JoinPoint.AfterElement(store.array(), store.nth(), store.of()));
    }

    public Tap beginOf(Loop loop) {
      return at(new JoinPoint.LoopBegin(loop.variable(), loop.nth(), loop.of()));
    }

    public Tap endOf(Loop loop) {
      return at(new JoinPoint.LoopEnd(loop.variable(), loop.nth(), loop.of()));
    }

    public Tap after(Store store) {
      return at(new JoinPoint.AfterStore(store.variable(), store.nth(), store.of()));
    }

    public Tap at(JoinPoint joinPoint) {
      at = Optional.of(joinPoint);
      return this;
    }

    public Tap value(Operand operand) {
      return value(new Value.Plain(operand, Optional.empty()));
    }

    public Tap value(Value newValue) {
      value = Optional.of(newValue);
      return this;
    }

    public Tap layer(Operand operand) {
      layer = Optional.of(new Layer.Of(operand));
      return this;
    }

    /** The layer before the one an operand names. */
    public Tap layerBefore(Operand operand) {
      layer = Optional.of(new Layer.Previous(operand));
      return this;
    }

    /** The highest layer that has fired in this pass. */
    public Tap latestLayer() {
      layer = Optional.of(new Layer.Latest());
      return this;
    }

    /** Position of the first row. */
    public Tap position(Operand operand) {
      position = Optional.of(operand);
      return this;
    }

    /** The object that stands for one sequence. */
    public Tap cache(Operand operand) {
      cache = Optional.of(operand);
      return this;
    }

    /** The model computes some positions only. */
    public Tap someRows() {
      rows = Site.Rows.SOME;
      return this;
    }

    public Tap alias(String... names) {
      aliases = List.of(names);
      return this;
    }

    /** Ends this tap and starts the next. */
    public Tap tap(String site) {
      finish();
      return new Tap(profile, site);
    }

    /**
     * Ends the profile.
     *
     * @throws TapscopeException {@code profile-syntax} when a rule of profiles is broken
     */
    public Profile build() {
      finish();
      return profile.build();
    }

    private void finish() {
      int before = (int) profile.places.stream().filter(s -> s.name().equals(name)).count();
      profile.places.add(
          new Site(
              name,
              before + 1,
              need(in, "in(method)"),
              lambdas,
              need(at, "a place: entry(), exit(), before(...) or after(...)"),
              need(value, "value(operand)"),
              layer,
              position,
              cache,
              rows,
              aliases,
              body,
              0));
    }

    private <T> T need(Optional<T> part, String what) {
      return part.orElseThrow(() ->
          TapscopeException.usage(
              "profile-syntax",
              "In profile " + profile.name + ", tap " + name + " lacks " + what + "."));
    }
  }
}
