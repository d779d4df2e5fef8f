package dev.tapscope.attach;

import dev.tapscope.device.Device;
import dev.tapscope.device.DeviceOption;
import dev.tapscope.edit.Edit;
import dev.tapscope.edit.Nearest;
import dev.tapscope.edit.ResolvedEdit;
import dev.tapscope.kernel.CudaKernels;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.tap.Extension;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Follows the options {@code sae.NAME}, {@code edit.N} and {@code device}: attaches one splice for
 * each SAE and one replacer for each address that is edited without one, writes features to the run
 * folder, and says on standard error what it does, formulas included. Follows {@code stream},
 * {@code stream.losses} and {@code stream.to}: sends rows and losses to a process that waits for
 * them.
 *
 * <p>{@code run.json} gets {@code saes} (name, address, path, sha256, features, inputs, outputs,
 * format, folded, notes, kernel, {@code tokens_without_bos}, {@code l0}, {@code relative_error}),
 * {@code edits} (key, edit, address, scope, value, formula, sources, rows; as numbered) and {@code
 * device}.
 */
public final class SaeExtension implements Extension {
  private static final String SAE = "sae.";
  private static final String EDIT = "edit.";
  private static final String DEVICE = "device";

  private final PrintStream err;

  /** For {@link java.util.ServiceLoader}. */
  public SaeExtension() {
    this(System.err);
  }

  SaeExtension(PrintStream err) {
    this.err = err;
  }

  @Override
  public void install(Run run, Map<String, String> options) {
    DeviceOption device = DeviceOption.of(options.getOrDefault(DEVICE, "auto"));
    Map<String, SaeOption> saes = new LinkedHashMap<>();
    Map<String, Edit> edits = new LinkedHashMap<>();
    options.forEach((key, value) -> {
      if (key.startsWith(SAE)) {
        String name = key.substring(SAE.length());
        saes.put(name, SaeOption.parse(name, value));
      } else if (key.startsWith(EDIT)) {
        edits.put(key, Edit.parse(value));
      } else if (!key.equals(DEVICE) && !StreamOption.KEYS.contains(key)) {
        throw TapscopeException.usage(
            "option-unknown",
            "The SAE runtime has no option %s%s; it has sae.NAME, edit.N, device, %s."
                .formatted(
                    key, Nearest.hint(key, List.of(DEVICE)), String.join(", ", StreamOption.KEYS)));
      }
    });
    StreamOption.of(options).ifPresent(stream -> PassStream.attach(run, stream));
    if (saes.isEmpty() && edits.isEmpty()) {
      return;
    }
    checkTargets(saes, edits);
    // Rows are edited by the CPU, so without SAEs a GPU has nothing to do.
    Device on = Device.open(saes.isEmpty() ? DeviceOption.CPU : device, this::say);
    try {
      install(run, on, saes, edits);
    } catch (RuntimeException | Error e) {
      on.close();
      throw e;
    }
  }

  private static void checkTargets(Map<String, SaeOption> saes, Map<String, Edit> edits) {
    edits.forEach((key, edit) -> {
      if (edit instanceof Edit.OfSae e && !saes.containsKey(e.sae())) {
        throw TapscopeException.usage(
            "edit-sae",
            "%s=%s names the SAE %s, and this run has %s%s. Name an SAE given by sae.NAME."
                .formatted(
                    key,
                    edit,
                    e.sae(),
                    saes.isEmpty() ? "none" : String.join(", ", saes.keySet()),
                    Nearest.hint(e.sae(), saes.keySet())));
      }
    });
  }

  private void install(
      Run run, Device device, Map<String, SaeOption> saes, Map<String, Edit> edits) {
    List<CountedEdit> counted = new ArrayList<>(RowEdits.attach(run, edits, this::say));
    List<SaeTap> taps = new ArrayList<>();
    for (SaeOption option : saes.values()) {
      SaeFolder folder = SaeFolder.open(option.path());
      SaeKernels kernels = device.kernels(folder.sae().weights());
      report(option, folder.sae(), kernels);
      List<CountedEdit> own = resolve(option, folder, edits);
      counted.addAll(own);
      EditPlan plan = new EditPlan(kernels, folder.sae().weights(), own);
      taps.add(attach(run, new SaeTap(option, folder, kernels, plan, run::text)));
    }
    List<String> order = List.copyOf(edits.keySet());
    counted.sort(Comparator.comparingInt(e -> order.indexOf(e.key())));
    counted.forEach(e -> say(e.key() + ": " + e.edit().describe()));
    Optional<FeatureLog> log =
        taps.isEmpty() ? Optional.empty() : Optional.of(new FeatureLog(run.folder(), run::text));
    run.onPassBegin(pass -> taps.forEach(tap -> tap.begin(pass)));
    run.onPassEnd(pass ->
        taps.forEach(tap ->
            tap.end(pass).ifPresent(rows -> log.orElseThrow().write(tap.option().name(), rows))));
    run.onClose(() -> {
      run.folder().describe("saes", taps.stream().map(this::describe).toList());
      run.folder().describe("edits", counted.stream().map(CountedEdit::describe).toList());
      run.folder().describe(DEVICE, used(taps));
      counted.stream().filter(e -> e.rows().sum() == 0).forEach(this::reportIdle);
      device.close();
    });
  }

  /** The device that an SAE runs on; its {@code kernel} says which of them do, where not all. */
  private static String used(List<SaeTap> taps) {
    return taps.stream().anyMatch(tap -> tap.kernels() instanceof CudaKernels) ? "cuda" : "cpu";
  }

  private static SaeTap attach(Run run, SaeTap tap) {
    SaeOption option = tap.option();
    if (option.output().isPresent()) {
      run.on(option.input(), Phase.SPLICE, tap::onInput);
      run.on(option.target(), Phase.SPLICE, tap::onOutput);
    } else {
      run.on(option.input(), Phase.SPLICE, tap::onSite);
    }
    return tap;
  }

  private static List<CountedEdit> resolve(
      SaeOption option, SaeFolder folder, Map<String, Edit> edits) {
    List<CountedEdit> own = new ArrayList<>();
    edits.forEach((key, edit) -> {
      if (edit instanceof Edit.OfSae e && e.sae().equals(option.name())) {
        checkFeature(key, edit, folder.sae());
        own.add(
            new CountedEdit(
                key, ResolvedEdit.of(edit, option.target(), () -> stats(option, folder))));
      }
    });
    return own;
  }

  private static Optional<SaeStats> stats(SaeOption option, SaeFolder folder) {
    return option.output().isPresent()
        ? folder.stats().map(SaeStats::ofTranscoder)
        : folder.stats();
  }

  private static void checkFeature(String key, Edit edit, JumpReluSae sae) {
    if (edit instanceof Edit.OfFeature e && e.feature().index() >= sae.features()) {
      throw TapscopeException.usage(
          "edit-feature",
          "%s=%s names feature %d, and %s has the features 0 to %d. Name one of these."
              .formatted(key, edit, e.feature().index(), sae.file(), sae.features() - 1));
    }
  }

  private Map<String, Object> describe(SaeTap tap) {
    JumpReluSae sae = tap.folder().sae();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", tap.option().name());
    map.put("address", tap.option().address());
    map.put("path", tap.option().path().toString());
    map.put("sha256", sae.sha256());
    map.put("features", sae.features());
    map.put("inputs", sae.inputs());
    map.put("outputs", sae.outputs());
    map.put("format", sae.format());
    map.put("folded", sae.folded());
    map.put("notes", sae.notes());
    map.put("kernel", tap.kernels().name());
    map.putAll(tap.tally().describe());
    return map;
  }

  private void report(SaeOption option, JumpReluSae sae, SaeKernels kernels) {
    say(
        "sae %s: %d features at %s, %s, %s kernels, %s"
            .formatted(
                option.name(),
                sae.features(),
                option.address(),
                sae.format(),
                kernels.name(),
                option.path()));
    sae.notes().forEach(note -> say("sae " + option.name() + ": " + note));
  }

  private void reportIdle(CountedEdit edit) {
    say(
        "%s changed nothing: no position was in its scope (%s)."
            .formatted(edit.key(), edit.edit().edit()));
  }

  private void say(String sentence) {
    err.println("tapscope: " + sentence);
  }
}
