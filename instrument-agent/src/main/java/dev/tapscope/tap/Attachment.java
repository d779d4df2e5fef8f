package dev.tapscope.tap;

/**
 * A hook attached to a run. Closing it takes the hook off from the next fire on; the ledger expects
 * nothing more of its sites on its account. The run takes off what is left when it closes.
 *
 * <p>Thread-safe; closing twice does nothing.
 */
public interface Attachment extends AutoCloseable {
  @Override
  void close();
}
