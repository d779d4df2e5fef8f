package dev.tapscope.tap;

/**
 * A borrowed view of the rows at one address: valid only during the callback it is passed to, and
 * only on that thread. Row {@code i} belongs to {@link #position(int) position(i)}; a pass may show
 * an address in several fires, each with some of its rows.
 *
 * <p>Dense sites have one row per position, all of {@link #width(int) one width}. Attention sites
 * ({@code pattern}, {@code attn_logits}, {@code attn_scores}) have one row per position and head,
 * position-major, each with one value per key the query may see; {@link #firstKey(int)} is the
 * position of the first.
 */
public interface Activation {
  Address address();

  Pass pass();

  /** Number of rows in this fire. */
  int rows();

  /** Number of values in a row. */
  int width(int row);

  /** Absolute position of a row in its sequence. */
  int position(int row);

  /** Attention head of a row, or -1 at a dense site. */
  int head(int row);

  /** Position of a row's first key, or -1 at a dense site. */
  int firstKey(int row);

  /** Copies a row into the first {@code width(row)} places of {@code into}. */
  void read(int row, float[] into);

  /** Copies a row into {@code width(row)} places of {@code into}, from {@code at} on. */
  default void read(int row, float[] into, int at) {
    float[] values = new float[width(row)];
    read(row, values);
    System.arraycopy(values, 0, into, at, values.length);
  }

  /**
   * Writes the first {@code width(row)} values of {@code from} into the model's own row.
   *
   * @throws IllegalStateException in a phase that may not write, and where the model's row lies in
   *     a read-only buffer
   */
  void write(int row, float[] from);

  /** Writes all rows of this fire: row {@code i} from {@code rows[i]}. */
  default void set(float[][] rows) {
    if (rows.length != rows()) {
      throw new IllegalArgumentException(
          address() + " shows " + rows() + " rows, and " + rows.length + " were given.");
    }
    for (int i = 0; i < rows.length; i++) {
      write(i, rows[i]);
    }
  }

  /** A copy of all rows. */
  default float[][] copy() {
    float[][] copy = new float[rows()][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = new float[width(i)];
      read(i, copy[i]);
    }
    return copy;
  }

  /**
   * The model's own object at this site, which the rows are read from and written into. The model
   * may reuse it as soon as the callback is over.
   */
  Object tensor();

  /**
   * Makes the model go on with another object in place of its own: the variable, argument or result
   * is assigned; whatever else still refers to the model's object keeps seeing that. Rows read and
   * written from here on are those of the new object.
   *
   * @param tensor of the class of the model's own object, with as many rows as that, as wide
   * @throws IllegalStateException in a phase that may not write, and where the site can only be
   *     changed in place (a field path, the receiver, an argument behind its call, a derived value)
   * @throws IllegalArgumentException when its class, its number of rows or their width is another
   */
  void replace(Object tensor);
}
