package dev.tapscope.live;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a training stands in rows that come live.
 *
 * @param epoch how often the corpus has been over
 * @param buffer number of the buffer in the epoch
 * @param piece of the corpus that the buffer's first row is of
 * @param before rows of the piece that come before that
 * @param row how many rows of the buffer have been served
 * @param sum checksum of the buffer's rows, -1 where it has not been filled yet
 */
record LivePlace(long epoch, int buffer, int piece, long before, int row, long sum) {
  static final LivePlace BEGINNING = new LivePlace(0, 0, 0, 0, 0, -1);

  private static final Pattern FORM =
      Pattern.compile(
          "epoch (\\d{1,18}) buffer (\\d{1,9}) from piece (\\d{1,9}) row (\\d{1,18}) at (\\d{1,9})"
              + " sum (-1|\\d{1,10}) of (.*)");

  LivePlace at(int newRow) {
    return new LivePlace(epoch, buffer, piece, before, newRow, sum);
  }

  LivePlace summed(long newSum) {
    return new LivePlace(epoch, buffer, piece, before, row, newSum);
  }

  /** Whether both stand in the same buffer. */
  boolean sameBuffer(LivePlace other) {
    return at(0).summed(0).equals(other.at(0).summed(0));
  }

  /**
   * In words.
   *
   * @param identity of the rows it is a place in
   */
  String in(String identity) {
    return "epoch %d buffer %d from piece %d row %d at %d sum %d of %s"
        .formatted(epoch, buffer, piece, before, row, sum, identity);
  }

  /** Empty when the words are no place in those rows. */
  static Optional<LivePlace> read(String words, String identity) {
    Matcher form = FORM.matcher(words);
    return form.matches() && form.group(7).equals(identity) ? read(words) : Optional.empty();
  }

  /** A place in whatever rows; empty when the words are none. */
  static Optional<LivePlace> read(String words) {
    Matcher form = FORM.matcher(words);
    return form.matches()
        ? Optional.of(
            new LivePlace(
                Long.parseLong(form.group(1)),
                Integer.parseInt(form.group(2)),
                Integer.parseInt(form.group(3)),
                Long.parseLong(form.group(4)),
                Integer.parseInt(form.group(5)),
                Long.parseLong(form.group(6))))
        : Optional.empty();
  }
}
