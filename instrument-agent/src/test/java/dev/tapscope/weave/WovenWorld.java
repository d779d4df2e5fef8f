package dev.tapscope.weave;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.profile.Site;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.CallSite;
import java.lang.invoke.ConstantCallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.util.CheckClassAdapter;

/**
 * Woven classes in a loader of their own, with a linker that writes down every fire and may replace
 * values. One at a time: the bridge has one linker.
 */
final class WovenWorld extends ClassLoader implements TapBridge.Linker, AutoCloseable {
  /** One fire of a tap: arrays of floats and ints as they were at that moment. */
  record Fire(String site, List<Object> arguments) {}

  private final Map<String, byte[]> classes = new HashMap<>();
  private final Map<String, Function<Object, Object>> replacers = new HashMap<>();
  private final List<Fire> fires = new ArrayList<>();
  private final List<Woven> reports = new ArrayList<>();

  WovenWorld() {
    super(WovenWorld.class.getClassLoader());
    TapBridge.linkWith(this);
  }

  /** Adds a class without taps. */
  WovenWorld with(String name, byte[] bytes) {
    classes.put(name, bytes);
    return this;
  }

  /** Weaves a class that every site has to fit; the result is verified. */
  WovenWorld weave(String name, byte[] bytes, List<Site> sites) {
    Woven woven = Weaver.weave(bytes, sites, "test");
    assertEquals(List.of(), woven.misfits(), () -> woven.misfits().toString());
    reports.add(woven);
    classes.put(name, woven.bytes().orElseThrow());
    verify(classes.get(name));
    return this;
  }

  /** Weaves targets of the class path with the taps of a text. */
  WovenWorld weave(String taps) {
    List<Site> sites = Taps.sites(taps);
    sites.stream()
        .map(site -> site.in().owner())
        .filter(owner -> owner.startsWith("targets."))
        .distinct()
        .forEach(owner -> weave(owner, Compiled.onClassPath(owner), sites));
    return this;
  }

  /** What a site's value becomes from now on. */
  WovenWorld replace(String site, Function<Object, Object> with) {
    replacers.put(site, with);
    return this;
  }

  List<Fire> fires() {
    return fires;
  }

  /** Arguments of the only fire. */
  List<Object> fired() {
    assertEquals(1, fires.size(), fires::toString);
    return fires.get(0).arguments();
  }

  /** First arguments of all fires of a site. */
  List<Object> values(String site) {
    return fires.stream()
        .filter(fire -> fire.site().equals(site))
        .map(fire -> fire.arguments().get(0))
        .toList();
  }

  Fit fit() {
    return (Fit) reports.get(0).reports().get(0);
  }

  Object construct(String name, Object... arguments) {
    for (Constructor<?> constructor : load(name).getDeclaredConstructors()) {
      if (constructor.getParameterCount() == arguments.length) {
        try {
          constructor.setAccessible(true);
          return constructor.newInstance(arguments);
        } catch (ReflectiveOperationException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no such constructor of " + name);
  }

  /** Calls a static method. */
  Object call(String owner, String name, Object... arguments) {
    return invoke(load(owner), null, name, arguments);
  }

  /** Calls a method of an object. */
  static Object on(Object target, String name, Object... arguments) {
    return invoke(target.getClass(), target, name, arguments);
  }

  private static Object invoke(Class<?> owner, Object target, String name, Object... arguments) {
    for (Method method : owner.getDeclaredMethods()) {
      if (method.getName().equals(name)
          && !method.isBridge()
          && method.getParameterCount() == arguments.length) {
        try {
          method.setAccessible(true);
          return method.invoke(target, arguments);
        } catch (ReflectiveOperationException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no such method " + name + " of " + owner);
  }

  Class<?> load(String name) {
    try {
      return Class.forName(name, true, this);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  void verify(byte[] bytes) {
    StringWriter complaints = new StringWriter();
    CheckClassAdapter.verify(new ClassReader(bytes), this, false, new PrintWriter(complaints));
    assertEquals("", complaints.toString());
  }

  /** Targets are always this loader's own, so that they see each other woven. */
  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      if (classes.containsKey(name) || name.startsWith("targets.")) {
        byte[] bytes = classes.computeIfAbsent(name, Compiled::onClassPath);
        return defineClass(name, bytes, 0, bytes.length);
      }
      return super.loadClass(name, resolve);
    }
  }

  @Override
  public CallSite linkAround(
      MethodHandles.Lookup caller,
      MethodType type,
      String profile,
      String site,
      MethodHandle callee)
      throws ReflectiveOperationException {
    MethodHandle around =
        MethodHandles.lookup()
            .findVirtual(
                WovenWorld.class,
                "around",
                MethodType.methodType(
                    Object.class, String.class, MethodHandle.class, Object[].class));
    return new ConstantCallSite(
        MethodHandles.insertArguments(around, 0, this, site, callee)
            .asCollector(Object[].class, type.parameterCount())
            .asType(type));
  }

  @Override
  public CallSite link(MethodHandles.Lookup caller, MethodType type, String profile, String site)
      throws ReflectiveOperationException {
    MethodHandle fire =
        MethodHandles.lookup()
            .findVirtual(
                WovenWorld.class,
                "fire",
                MethodType.methodType(Object.class, String.class, Object[].class));
    return new ConstantCallSite(
        MethodHandles.insertArguments(fire, 0, this, site)
            .asCollector(Object[].class, type.parameterCount())
            .asType(type));
  }

  /** Writes down what a call would be given, and makes it unless the site has a replacer. */
  Object around(String site, MethodHandle callee, Object[] arguments) throws Throwable {
    fires.add(new Fire(site, Arrays.stream(arguments).map(WovenWorld::copy).toList()));
    if (replacers.containsKey(site)) {
      return replacers.get(site).apply(arguments);
    }
    Object[] operands = Arrays.copyOf(arguments, callee.type().parameterCount());
    return callee.invokeWithArguments(operands);
  }

  Object fire(String site, Object[] arguments) {
    fires.add(new Fire(site, Arrays.stream(arguments).map(WovenWorld::copy).toList()));
    return replacers.getOrDefault(site, Function.identity()).apply(arguments[0]);
  }

  private static Object copy(Object value) {
    if (value instanceof float[] floats) {
      List<Float> all = new ArrayList<>();
      for (float f : floats) {
        all.add(f);
      }
      return all;
    }
    return value instanceof int[] ints ? Arrays.stream(ints).boxed().toList() : value;
  }

  @Override
  public void failed(String profile, String site, Throwable cause) {
    throw new AssertionError("The tap " + site + " could not be linked", cause);
  }

  @Override
  public void close() {
    TapBridge.linkWith(null);
  }
}
