package dev.tapscope.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * SAEs by L0 and delta loss, as an SVG file: further down and further left is better. Sites differ
 * by the shape of their marks, and every mark has its SAE's name beside it, so nothing hangs on
 * colour.
 */
public final class FrontierPlot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 480;
  private static final int LEFT = 90;
  private static final int RIGHT = 150;
  private static final int TOP = 50;
  private static final int BOTTOM = 60;
  private static final int MARK = 6;

  private final List<SaeEvaluation> saes;
  private final List<String> sites;
  private final Axis l0;
  private final Axis delta;
  private final StringBuilder svg = new StringBuilder();

  private FrontierPlot(List<SaeEvaluation> saes) {
    this.saes = saes;
    this.sites = saes.stream().map(SaeEvaluation::address).distinct().toList();
    this.l0 = Axis.of(saes.stream().mapToDouble(s -> s.score().l0()).toArray());
    this.delta = Axis.of(saes.stream().mapToDouble(s -> s.loss().delta()).toArray());
  }

  public static String of(Evaluation evaluation) {
    return new FrontierPlot(evaluation.saes()).draw(evaluation);
  }

  private String draw(Evaluation evaluation) {
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\"",
        WIDTH, HEIGHT);
    line(" font-family=\"sans-serif\" font-size=\"13\" fill=\"#000\" stroke-width=\"1.5\">");
    line("<title>L0 against delta loss</title>");
    line("<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", WIDTH, HEIGHT);
    text(LEFT, 22, "start", "L0 against delta loss, lower left is better");
    text(
        LEFT,
        40,
        "start",
        "%s, %s: %,d tokens"
            .formatted(evaluation.model(), evaluation.corpus(), evaluation.tokens()));
    axes();
    saes.forEach(this::mark);
    legend();
    line("</svg>");
    return svg.toString();
  }

  private void axes() {
    int right = WIDTH - RIGHT;
    int bottom = HEIGHT - BOTTOM;
    for (double tick : l0.ticks()) {
      rule(x(tick), TOP, x(tick), bottom);
      text(x(tick), bottom + 18, "middle", number(tick));
    }
    for (double tick : delta.ticks()) {
      rule(LEFT, y(tick), right, y(tick));
      text(LEFT - 8, y(tick) + 4, "end", number(tick));
    }
    line("<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"#000\"/>", LEFT, TOP, bottom, right);
    text((LEFT + right) / 2.0, HEIGHT - 18, "middle", "L0, active features per token" + l0.kind());
    double middle = (TOP + bottom) / 2.0;
    line(
        "<text transform=\"translate(20 %s) rotate(-90)\" text-anchor=\"middle\">%s</text>",
        place(middle), escape("delta loss, nats per token" + delta.kind()));
  }

  private void mark(SaeEvaluation sae) {
    double x = x(sae.score().l0());
    double y = y(sae.loss().delta());
    shape(sites.indexOf(sae.address()), x, y);
    text(x + MARK + 4, y + 4, "start", sae.name());
  }

  private void legend() {
    double x = WIDTH - RIGHT + 20;
    for (int site = 0; site < sites.size(); site++) {
      double y = TOP + 10 + 20.0 * site;
      shape(site, x, y);
      text(x + MARK + 6, y + 4, "start", sites.get(site));
    }
  }

  /** Four outlines, then the same ones filled. */
  private void shape(int site, double x, double y) {
    String path =
        switch (site % 4) {
          case 0 -> "M%s %s m-6 0 a6 6 0 1 0 12 0 a6 6 0 1 0 -12 0 Z";
          case 1 -> "M%s %s m-6 -6 h12 v12 h-12 Z";
          case 2 -> "M%s %s m0 -7 l7 13 h-14 Z";
          default -> "M%s %s m0 -8 l8 8 l-8 8 l-8 -8 Z";
        };
    line(
        "<path d=\"%s\" fill=\"%s\" stroke=\"#000\"/>",
        path.formatted(place(x), place(y)), site / 4 % 2 == 0 ? "#fff" : "#000");
  }

  private double x(double value) {
    return LEFT + l0.place(value) * (WIDTH - RIGHT - LEFT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - delta.place(value) * (HEIGHT - BOTTOM - TOP);
  }

  private void rule(double x1, double y1, double x2, double y2) {
    line(
        "<path d=\"M%s %s L%s %s\" stroke=\"#ccc\" stroke-width=\"1\"/>",
        place(x1), place(y1), place(x2), place(y2));
  }

  private void text(double x, double y, String anchor, String text) {
    line(
        "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>",
        place(x), place(y), anchor, escape(text));
  }

  private void line(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String place(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3g", value)
        .replaceFirst("(\\.\\d*?)0+(?=e|$)", "$1")
        .replaceFirst("\\.(?=e|$)", "");
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  /**
   * An axis: logarithmic where all values are above 0, since they span decades, else linear.
   *
   * @param low where it begins; its logarithm on a logarithmic one
   * @param high where it ends, likewise
   */
  private record Axis(boolean logarithmic, double low, double high) {
    static Axis of(double[] values) {
      boolean logarithmic = true;
      for (double value : values) {
        logarithmic &= value > 0;
      }
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (double value : values) {
        double scaled = logarithmic ? Math.log10(value) : value;
        low = Math.min(low, scaled);
        high = Math.max(high, scaled);
      }
      double margin = high > low ? 0.08 * (high - low) : 0.5 * Math.max(1e-3, Math.abs(high));
      return new Axis(logarithmic, low - margin, high + margin);
    }

    double place(double value) {
      return ((logarithmic ? Math.log10(value) : value) - low) / (high - low);
    }

    String kind() {
      return logarithmic ? " (logarithmic)" : "";
    }

    /** Round numbers within the axis: 1, 2 and 5 times powers of ten, or multiples of such. */
    List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      if (logarithmic) {
        for (int decade = (int) Math.floor(low); decade <= high; decade++) {
          for (int digit : high - low > 3 ? new int[] {1} : new int[] {1, 2, 5}) {
            double tick = digit * Math.pow(10, decade);
            if (Math.log10(tick) >= low && Math.log10(tick) <= high) {
              ticks.add(tick);
            }
          }
        }
        return ticks;
      }
      double step = Math.pow(10, Math.floor(Math.log10(high - low)));
      double every = (high - low) / step > 5 ? step : (high - low) / step > 2 ? step / 2 : step / 5;
      for (double at = Math.ceil(low / every); at * every <= high; at++) {
        ticks.add(at * every + 0.0);
      }
      return ticks;
    }
  }
}
