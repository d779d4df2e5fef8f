package dev.tapscope.agent;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;

/**
 * Loads the runtime's own classes first, so that the model's versions of the same libraries do not
 * come between, but shares the tap API with the agent.
 */
final class RuntimeLoader extends URLClassLoader {
  /** Packages of the agent whose types the runtime meets in calls. */
  private static final List<String> SHARED =
      List.of("dev.tapscope.tap.", "dev.tapscope.boot.", "dev.tapscope.profile.");

  static {
    registerAsParallelCapable();
  }

  RuntimeLoader(URL[] jars, ClassLoader agent) {
    super("tapscope-runtime", jars, agent);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (name.startsWith("java.") || SHARED.stream().anyMatch(name::startsWith)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> own = findLoadedClass(name);
      if (own == null) {
        try {
          own = findClass(name);
        } catch (ClassNotFoundException e) {
          return super.loadClass(name, resolve);
        }
      }
      if (resolve) {
        resolveClass(own);
      }
      return own;
    }
  }

  /** Resources, {@code META-INF/services} among them, likewise: the runtime's own first. */
  @Override
  public URL getResource(String name) {
    URL own = findResource(name);
    return own == null ? super.getResource(name) : own;
  }
}
