package dev.tapscope.agent;

import com.google.common.base.Suppliers;
import dev.tapscope.boot.TapBridge;
import dev.tapscope.folder.NoFolder;
import dev.tapscope.profile.Profile;
import dev.tapscope.profile.ProfileSource;
import dev.tapscope.run.TapEvents;
import dev.tapscope.run.TapRun;
import dev.tapscope.tap.Extension;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.Steps;
import dev.tapscope.tap.Taps;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.CallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** All profiles of this JVM, by name: what woven code, and Java code that opens runs, meets. */
final class TappedModels implements TapBridge.Linker, TapBridge.Scopes, Taps.Source {
  private final Instrumentation instrumentation;
  private final PrintStream err;
  private final Map<String, TappedModel> byProfile = new ConcurrentHashMap<>();
  private final Optional<Path> dump;
  private final TapEvents events;
  private final Supplier<Extension> extension;
  private volatile OptionalInt exitStatus = OptionalInt.empty();

  TappedModels(Instrumentation instrumentation, AgentOptions options, PrintStream err) {
    this.instrumentation = instrumentation;
    this.err = err;
    this.dump = options.dump();
    this.events = options.flightRecorder() ? FlightRecorder.events() : TapEvents.NONE;
    // Once for all runs: each loading makes classes of its own.
    this.extension = Suppliers.memoize(() -> ExtensionLoader.load(options.runtime()));
  }

  /** The SAE runtime, loaded when first asked for. */
  Extension extension() {
    return extension.get();
  }

  /** Stands behind the bridge and the tap API from now on. */
  void serve() {
    TapBridge.linkWith(this);
    TapBridge.reportTo(this);
    Taps.serve(this);
  }

  /** Adds a model whose classes are about to be woven. */
  void add(TappedModel model) {
    model.runs().extendBy(extension);
    model.runs().recordTo(events);
    byProfile.put(model.source().profile().name(), model);
  }

  /** Takes a model's taps out and forgets it. */
  Optional<Undo> remove(TappedModel model) {
    Optional<Undo> undo = model.detach();
    byProfile.remove(model.source().profile().name(), model);
    return undo;
  }

  /** Takes every tap of every profile out again. */
  void detach() {
    byProfile.values().forEach(TappedModel::detach);
  }

  /** The status somebody ended the JVM with, if somebody did. */
  OptionalInt exitStatus() {
    return exitStatus;
  }

  @Override
  public Run open(Optional<String> profile) {
    return start(profile);
  }

  @Override
  public <T> Steps<T> steps(String sites, Callable<T> model) {
    TapRun run = start(Optional.empty());
    try {
      return run.stepsAlone(sites, model);
    } catch (RuntimeException | Error e) {
      run.close();
      throw e;
    }
  }

  /** Finds the model and opens the run in one go: between them another profile may not move in. */
  private synchronized TapRun start(Optional<String> profile) {
    return profile.map(this::model).orElseGet(this::onlyModel).runs().open(new NoFolder());
  }

  private TappedModel onlyModel() {
    Collection<TappedModel> all = List.copyOf(byProfile.values());
    if (all.size() == 1) {
      return all.iterator().next();
    }
    throw TapscopeException.usage(
        "profile-unstated",
        all.isEmpty()
            ? "A run needs a profile, and this JVM has none: it was started with profile=none."
                + " Name one: Taps.open(\"gemma2\"), or the path of a .taps file."
            : "This JVM has "
                + all.size()
                + " profiles ("
                + String.join(", ", byProfile.keySet())
                + "); name the one this run is for: Taps.open(\"NAME\").");
  }

  /** The model of a profile, woven now unless it is already. */
  private synchronized TappedModel model(String name) {
    Optional<TappedModel> known = Optional.ofNullable(byProfile.get(name));
    if (known.isPresent()) {
      return known.get();
    }
    ProfileSource source = ProfileSource.find(name);
    Profile profile = source.profile();
    Optional<TappedModel> sameName = Optional.ofNullable(byProfile.get(profile.name()));
    if (sameName.filter(model -> model.source().profile().equals(profile)).isPresent()) {
      return sameName.get();
    }
    try {
      TappedModel model = new TappedModel(source, true, err);
      for (TappedModel other : List.copyOf(byProfile.values())) {
        if (sameName.filter(other::equals).isPresent() || other.overlaps(model)) {
          give(other, profile);
        }
      }
      add(model);
      try {
        model.weave(instrumentation, dump);
      } catch (RuntimeException | Error e) {
        byProfile.remove(profile.name(), model);
        throw e;
      }
      return model;
    } catch (IOException e) {
      throw TapscopeException.failed(
          "profile-unreadable", "The classes of profile '" + name + "' cannot be read: " + e, e);
    }
  }

  /** Makes room for another profile of the same classes, or says why not. */
  private void give(TappedModel earlier, Profile later) {
    String name = earlier.source().profile().name();
    if (earlier.runs().anyOpen()) {
      throw TapscopeException.check(
          "profile-overlap",
          "Profile '"
              + later.name()
              + "' ("
              + later.sites().size()
              + " sites) and profile '"
              + name
              + "' tap the same classes or have the same name, and a run of the other one is open. "
              + (earlier.runs().anyStanding()
                  ? "It is that of the agent, which ends with the JVM: start the JVM with"
                      + " profile=none,"
                  : "Close that run first,")
              + " or put the sites into one profile.");
    }
    earlier.detach();
    byProfile.remove(name, earlier);
  }

  @Override
  public CallSite link(MethodHandles.Lookup caller, MethodType type, String profile, String site) {
    return named(profile).links().link(caller, type, site);
  }

  @Override
  public CallSite linkAround(
      MethodHandles.Lookup caller,
      MethodType type,
      String profile,
      String site,
      MethodHandle callee) {
    return named(profile).links().linkAround(caller, type, site, callee);
  }

  @Override
  public void failed(String profile, String site, Throwable cause) {
    Optional.ofNullable(byProfile.get(profile))
        .ifPresentOrElse(
            model -> model.links().failed(profile, site, cause),
            () ->
                err.println(
                    "tapscope: [link-failed] Site "
                        + site
                        + " of profile '"
                        + profile
                        + "' could not be linked: "
                        + cause));
  }

  private TappedModel named(String profile) {
    return Optional.ofNullable(byProfile.get(profile))
        .orElseThrow(
            () -> new IllegalStateException("no profile '" + profile + "' is woven any more"));
  }

  @Override
  public void passEntered(String profile) {
    TappedModel model = byProfile.get(profile);
    if (model != null) { // else the frame of a class that was woven when it was entered
      model.runs().passEntered();
    }
  }

  @Override
  public void passLeft(String profile, boolean normally) {
    TappedModel model = byProfile.get(profile);
    if (model != null) {
      model.runs().passLeft(normally);
    }
  }

  @Override
  public void decoderBuilt(Object decoder) {
    byProfile.values().forEach(model -> model.runs().decoderBuilt(decoder));
  }

  @Override
  public void exiting(int status) {
    exitStatus = OptionalInt.of(status);
  }
}
