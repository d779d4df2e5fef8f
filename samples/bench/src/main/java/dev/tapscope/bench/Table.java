package dev.tapscope.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A result for people and for programs. */
final class Table {
  private Table() {}

  static void print(Result result) {
    Workload workload = result.workload();
    say("");
    say(
        "%s: %d fires of res, %.1f KB of res in a repetition of %.1f us",
        workload.name(),
        workload.fires(),
        workload.bytes() / 1e3,
        result.nanos(Variant.UNWOVEN) / 1e3);
    say(
        "  %-28s %8s %17s %12s %8s %8s",
        "", "ratio", "90 % of rounds", "ns per fire", "quiet", "MB/s");
    for (Variant variant : workload.variants()) {
      if (variant != Variant.UNWOVEN) {
        double[] spread = result.spread(variant);
        say(
            "  %-28s %8.4f   %7.3f-%7.3f %12s %8s %8s",
            variant.words(),
            result.ratio(variant, Variant.UNWOVEN),
            spread[0],
            spread[1],
            fires(workload, variant) ? "%.1f".formatted(result.nanosPerFire(variant)) : "",
            fires(workload, variant) ? "%.1f".formatted(result.quietNanosPerFire(variant)) : "",
            keeps(workload, variant) ? "%.0f".formatted(result.bytesPerSecond(variant) / 1e6) : "");
      }
    }
    if (workload.variants().containsAll(List.of(Variant.COPY, Variant.CAPTURE))) {
      say(
          "  capture keeps %.0f %% of the plain copy's bytes per second",
          100 * result.ratio(Variant.COPY, Variant.CAPTURE));
    }
  }

  private static boolean fires(Workload workload, Variant variant) {
    return workload.alone() && (variant == Variant.NO_OP || variant == Variant.CAPTURE);
  }

  private static boolean keeps(Workload workload, Variant variant) {
    return workload.alone() && (variant == Variant.CAPTURE || variant == Variant.COPY);
  }

  static Map<String, Object> describe(Result result) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("fires", result.workload().fires());
    all.put("bytes", result.workload().bytes());
    for (Variant variant : result.workload().variants()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("nanos", result.nanos(variant));
      one.put("ratio", result.ratio(variant, Variant.UNWOVEN));
      one.put("ratio_90", result.spread(variant));
      if (fires(result.workload(), variant)) {
        one.put("nanos_per_fire", result.nanosPerFire(variant));
        one.put("nanos_per_fire_quiet", result.quietNanosPerFire(variant));
      }
      if (keeps(result.workload(), variant)) {
        one.put("bytes_per_second", result.bytesPerSecond(variant));
      }
      all.put(variant.name().toLowerCase(Locale.ROOT), one);
    }
    return all;
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
