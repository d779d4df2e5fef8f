package dev.tapscope.view;

import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.FeatureTable.Firing;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.sae.Label;
import dev.tapscope.sae.SaeStats;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A small run made by hand: BOS with three features, a word, a hostile token, a character split
 * into bytes, a line break, and a generated word. Feature 0 is dense, feature 4 fires at BOS only.
 */
final class HandMade {
  static final float[] MAX = {10, 8, 4, 2, 20};
  static final float[] DENSITY = {0.5f, 0.01f, 0.02f, 0.10f, 0.001f};

  private HandMade() {}

  static List<RecordedToken> tokens() {
    return List.of(
        new RecordedToken(0, 0, 2, "<bos>", false, true),
        new RecordedToken(0, 1, 50, "The", false, false),
        new RecordedToken(0, 2, 51, " <b>\"\u001b[31m\u202e'&", false, false),
        new RecordedToken(0, 3, 52, "<0xE2>", false, false),
        new RecordedToken(0, 4, 53, "<0x82>", false, false),
        new RecordedToken(0, 5, 54, "<0xAC>", false, false),
        new RecordedToken(0, 6, 7, "\n", false, false),
        new RecordedToken(0, 7, 55, " 日本", true, false));
  }

  static FeatureTable table() {
    return new FeatureTable(
        "l9",
        List.of(
            List.of(new Firing(0, 30), new Firing(2, 3), new Firing(4, 15)),
            List.of(new Firing(0, 5), new Firing(1, 4)),
            List.of(new Firing(1, 8), new Firing(2, 1)),
            List.of(new Firing(2, 2)),
            List.of(),
            List.of(new Firing(3, 0.5f)),
            List.of(new Firing(0, 1)),
            List.of(new Firing(1, 6), new Firing(2, 4), new Firing(3, 2))));
  }

  static SaeFacts facts() {
    return new SaeFacts(
        "res.3",
        5,
        Optional.of(stats(DENSITY)),
        Map.of(1, new Label(1, "France & <wine>", "by hand")),
        OptionalDouble.of(0.25));
  }

  static SaeStats stats(float[] density) {
    return SaeStats.of(MAX, new float[5], density, Map.of("n_tokens", "40489"));
  }

  static TokenView view(ViewOptions options) {
    return ViewBuilder.build(
        "gemma2 · tiny",
        tokens(),
        List.of(table()),
        Map.of("l9", facts()),
        List.of(new TokenView.Edit("steer l9/1 1x @prompt", "h += 8 * W_dec[1] at res.3")),
        List.of(),
        options);
  }

  static TokenView view() {
    return view(ViewOptions.DEFAULT);
  }
}
