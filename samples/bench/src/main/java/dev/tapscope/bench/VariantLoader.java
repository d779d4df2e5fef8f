package dev.tapscope.bench;

import dev.tapscope.profile.Profile;
import dev.tapscope.weave.Weaver;
import dev.tapscope.weave.Woven;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * Loads a model's classes anew, woven or not, so that each variant has code, profiles and call
 * sites of its own. Everything else is its parent's.
 */
final class VariantLoader extends ClassLoader {
  private static final List<String> OWN =
      List.of("dev.tapscope.bench.work.", "dev.tapscope.jlama.", "gemma2.", "com.github.tjake.");

  private final Optional<Profile> profile;

  VariantLoader(Optional<Profile> profile) {
    super(VariantLoader.class.getClassLoader());
    this.profile = profile;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (OWN.stream().noneMatch(name::startsWith)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] bytes = in.readAllBytes();
      byte[] loaded = profile.isPresent() ? weave(name, bytes, profile.get()) : bytes;
      return defineClass(name, loaded, 0, loaded.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private static byte[] weave(String name, byte[] bytes, Profile profile) {
    if (profile.places().stream().noneMatch(site -> site.in().owner().equals(name))) {
      return bytes;
    }
    Woven woven = Weaver.weave(bytes, profile.places(), profile.name());
    return woven
        .bytes()
        .orElseThrow(() -> new IllegalStateException(name + ": " + woven.misfits()));
  }
}
