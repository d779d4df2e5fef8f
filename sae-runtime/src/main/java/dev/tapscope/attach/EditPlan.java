package dev.tapscope.attach;

import dev.tapscope.edit.Edit;
import dev.tapscope.edit.ResolvedEdit;
import dev.tapscope.kernel.SaeKernels;
import dev.tapscope.kernel.SaeWeights;
import dev.tapscope.kernel.SparseRows;
import dev.tapscope.tap.Pass;
import java.util.List;
import java.util.function.IntFunction;

/**
 * All edits of one SAE. They share one encoding of the rows as they came, and their deltas add up;
 * where several change one feature, their coefficients do. A row that a splice covers starts from
 * the reconstruction, any other from itself.
 */
final class EditPlan {
  private final SaeKernels kernels;
  private final SaeWeights weights;
  private final List<CountedEdit> edits;

  /** The features that edits change, each once, and for each edit the place of its own, or -1. */
  private final int[] features;

  private final int[] slots;

  EditPlan(SaeKernels kernels, SaeWeights weights, List<CountedEdit> edits) {
    this.kernels = kernels;
    this.weights = weights;
    this.edits = List.copyOf(edits);
    this.features =
        edits.stream().mapToInt(EditPlan::feature).filter(f -> f >= 0).distinct().toArray();
    this.slots = edits.stream().mapToInt(e -> slot(feature(e))).toArray();
  }

  private static int feature(CountedEdit counted) {
    return counted.edit().edit() instanceof Edit.OfFeature e ? e.feature().index() : -1;
  }

  private int slot(int feature) {
    for (int slot = 0; slot < features.length; slot++) {
      if (features[slot] == feature) {
        return slot;
      }
    }
    return -1;
  }

  boolean isEmpty() {
    return edits.isEmpty();
  }

  /**
   * Edits one row.
   *
   * @param f the features of the row as it came, in row {@code fRow}
   * @param xhat its reconstruction, from {@code at} on
   * @param h the row where the SAE writes; changed in place
   * @return whether {@code h} was changed
   */
  boolean apply(
      Pass pass,
      int position,
      IntFunction<String> text,
      SparseRows f,
      int fRow,
      float[] xhat,
      int at,
      float[] h) {
    float[] coefficients = new float[features.length];
    boolean splice = false;
    for (int i = 0; i < slots.length; i++) {
      ResolvedEdit edit = edits.get(i).edit();
      if (!edit.edit().scope().covers(pass, position, text)) {
        continue;
      }
      edits.get(i).count();
      if (edit.edit() instanceof Edit.Splice s) {
        splice |= !s.error();
      } else {
        int feature = features[slots[i]];
        coefficients[slots[i]] += edit.coefficient(f.value(fRow, feature), f.active(fRow, feature));
      }
    }
    if (splice) {
      System.arraycopy(xhat, at, h, 0, weights.outputs());
    }
    boolean changed = splice;
    for (int slot = 0; slot < features.length; slot++) {
      if (coefficients[slot] != 0) {
        kernels.addFeature(weights, features[slot], coefficients[slot], h, 0);
        changed = true;
      }
    }
    return changed;
  }
}
