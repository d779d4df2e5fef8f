package dev.tapscope.bench;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.link.SiteLinks;
import dev.tapscope.profile.Profile;
import dev.tapscope.run.Runs;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Brings the woven calls of every variant to the runs of that variant, by its profile's name. */
final class Tapping implements TapBridge.Linker {
  private final Map<String, SiteLinks> links = new ConcurrentHashMap<>();

  Tapping() {
    TapBridge.linkWith(this);
  }

  /** Runs over the classes that are woven with a profile; its name must be new. */
  Runs runs(Profile profile) {
    Runs runs = new Runs(profile, System.err);
    if (links.put(profile.name(), new SiteLinks(profile, runs, System.err)) != null) {
      throw new IllegalStateException("two variants have the profile " + profile.name());
    }
    return runs;
  }

  @Override
  public CallSite link(MethodHandles.Lookup caller, MethodType type, String profile, String site) {
    return links.get(profile).link(caller, type, site);
  }

  @Override
  public CallSite linkAround(
      MethodHandles.Lookup caller,
      MethodType type,
      String profile,
      String site,
      MethodHandle callee) {
    return links.get(profile).linkAround(caller, type, site, callee);
  }

  @Override
  public void failed(String profile, String site, Throwable cause) {
    throw new IllegalStateException("site " + site + " of " + profile + " is not linked", cause);
  }
}
