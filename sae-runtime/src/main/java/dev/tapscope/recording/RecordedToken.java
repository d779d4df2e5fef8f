package dev.tapscope.recording;

/**
 * One position the model computed.
 *
 * @param sequence 0-based number of the text in the run
 * @param position 0-based position in that text
 * @param id token id
 * @param text the model's own text of the token, or {@code #id} when the run recorded none
 * @param generated whether the model had sampled the token itself
 * @param bos whether it is the beginning-of-sequence token
 */
public record RecordedToken(
    int sequence, int position, int id, String text, boolean generated, boolean bos) {
  /** The same token with its text looked up. */
  RecordedToken with(TokenTexts texts) {
    return new RecordedToken(
        sequence, position, id, texts.text(sequence, position, id), generated, bos);
  }
}
