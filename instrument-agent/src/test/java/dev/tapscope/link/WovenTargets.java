package dev.tapscope.link;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.profile.Profile;
import dev.tapscope.weave.Weaver;
import dev.tapscope.weave.Woven;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.util.List;

/**
 * Targets woven with a profile and linked as the agent links them. One at a time: the bridge has
 * one linker.
 */
final class WovenTargets extends ClassLoader implements TapBridge.Linker {
  private final Profile profile;
  private final SiteLinks links;

  WovenTargets(Profile profile, SiteLinks links) {
    super(WovenTargets.class.getClassLoader());
    this.profile = profile;
    this.links = links;
    TapBridge.linkWith(this);
  }

  Object construct(String name, Object... arguments) throws ReflectiveOperationException {
    Constructor<?> constructor = loadClass(name).getDeclaredConstructors()[0];
    constructor.setAccessible(true);
    return constructor.newInstance(arguments);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded == null && name.startsWith("targets.")) {
        byte[] bytes = woven(name);
        return defineClass(name, bytes, 0, bytes.length);
      }
      return loaded == null ? super.loadClass(name, resolve) : loaded;
    }
  }

  private byte[] woven(String name) {
    try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
      byte[] bytes = in.readAllBytes();
      Woven woven = Weaver.weave(bytes, profile.places(), profile.name());
      assertEquals(List.of(), woven.misfits());
      return woven.bytes().orElse(bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public CallSite link(MethodHandles.Lookup caller, MethodType type, String from, String place) {
    return links.link(caller, type, place);
  }

  @Override
  public CallSite linkAround(
      MethodHandles.Lookup caller,
      MethodType type,
      String from,
      String place,
      MethodHandle callee) {
    return links.linkAround(caller, type, place, callee);
  }

  @Override
  public void failed(String from, String place, Throwable cause) {
    throw new AssertionError(place, cause);
  }
}
