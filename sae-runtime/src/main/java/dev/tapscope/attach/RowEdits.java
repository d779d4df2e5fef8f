package dev.tapscope.attach;

import dev.tapscope.edit.Edit;
import dev.tapscope.edit.ResolvedEdit;
import dev.tapscope.tap.Activation;
import dev.tapscope.tap.Phase;
import dev.tapscope.tap.Run;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * All edits of one address that need no SAE: one replacer, which applies them in the order of their
 * numbers.
 */
final class RowEdits {
  private final IntFunction<String> text;
  private final List<RowEdit> edits;

  private RowEdits(IntFunction<String> text, List<RowEdit> edits) {
    this.text = text;
    this.edits = List.copyOf(edits);
  }

  /**
   * Attaches the edits without an SAE among these.
   *
   * @param say told which rows are used, where from, and what should be known of them
   * @return them, in order
   */
  static List<CountedEdit> attach(Run run, Map<String, Edit> edits, Consumer<String> say) {
    Map<String, List<RowEdit>> byAddress = new LinkedHashMap<>();
    List<CountedEdit> all = new ArrayList<>();
    edits.forEach((key, edit) -> {
      if (edit instanceof Edit.OfRows rows) {
        CountedEdit counted =
            new CountedEdit(key, ResolvedEdit.of(rows, rows.address(), Optional::empty));
        all.add(counted);
        byAddress
            .computeIfAbsent(rows.address(), a -> new ArrayList<>())
            .add(new RowEdit(counted, source(counted, rows, say)));
      }
    });
    byAddress.forEach(
        (address, own) -> run.on(address, Phase.REPLACE, new RowEdits(run::text, own)::on));
    return all;
  }

  private static Optional<RowSource> source(
      CountedEdit counted, Edit.OfRows edit, Consumer<String> say) {
    if (edit instanceof Edit.Zero) {
      return Optional.empty();
    }
    Set<String> noted = ConcurrentHashMap.newKeySet();
    RowSource source =
        new RowSource(
            RowSource.reader(edit),
            given -> {
              if (counted.sources().add(given.how())) {
                say.accept(counted.key() + " takes " + given.how() + ".");
              }
              given.notes().stream().filter(noted::add).forEach(say);
            });
    source.readAhead(edit.address());
    return Optional.of(source);
  }

  private void on(Activation site) {
    for (int row = 0; row < site.rows(); row++) {
      List<RowEdit> covering = covering(site, site.position(row));
      if (!covering.isEmpty()) {
        float[] h = new float[site.width(row)];
        site.read(row, h);
        for (RowEdit edit : covering) {
          edit.apply(site, row, h);
        }
        site.write(row, h);
      }
    }
  }

  private List<RowEdit> covering(Activation site, int position) {
    List<RowEdit> covering = new ArrayList<>();
    for (RowEdit edit : edits) {
      if (edit.counted().edit().edit().scope().covers(site.pass(), position, text)) {
        covering.add(edit);
      }
    }
    return covering;
  }
}
