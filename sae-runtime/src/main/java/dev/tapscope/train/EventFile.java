package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file: scalars by tag and step. Each record is a length, the masked CRC-32C of
 * the length, an {@code Event} message, and the masked CRC-32C of the message (TensorFlow's
 * TFRecord format; the messages are those of its {@code event.proto} and {@code summary.proto}).
 */
final class EventFile implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";
  private static final int MASK = 0xa282ead8;

  // Field numbers of Event, Summary, Summary.Value and SessionLog.
  private static final int WALL_TIME = 1;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int STATUS = 1;
  private static final int START = 1;

  private static final String REMEDY =
      "Make room, make the folder writable, or leave --tensorboard away.";

  private final LogFile file;
  private final InstantSource clock;

  private EventFile(LogFile file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
  }

  /**
   * A new file in a folder, which may hold older ones: where they have later steps than this one
   * starts from, TensorBoard shows this one's.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  static EventFile open(Path folder, long step, InstantSource clock) {
    Instant now = clock.instant();
    Path file =
        folder.resolve(
            "events.out.tfevents.%010d.tapscope.%d.%d"
                .formatted(now.getEpochSecond(), ProcessHandle.current().pid(), step));
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw LogFile.unwritable(file, REMEDY, e);
    }
    EventFile events =
        new EventFile(
            LogFile.open(file, REMEDY, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            clock);
    events.record(events.event(0).text(FILE_VERSION, VERSION));
    events.record(events.event(step).message(SESSION_LOG, new Protobuf().varint(STATUS, START)));
    return events;
  }

  void scalars(long step, Map<String, Double> values) {
    Protobuf summary = new Protobuf();
    values.forEach((tag, value) ->
        summary.message(
            VALUE, new Protobuf().text(TAG, tag).float32(SIMPLE_VALUE, value.floatValue())));
    record(event(step).message(SUMMARY, summary));
    file.flush();
  }

  private Protobuf event(long step) {
    Instant now = clock.instant();
    return new Protobuf()
        .float64(WALL_TIME, now.getEpochSecond() + now.getNano() / 1e9)
        .varint(STEP, step);
  }

  private void record(Protobuf event) {
    byte[] message = event.bytes();
    byte[] length = littleEndian(8).putLong(message.length).array();
    file.write(length);
    file.write(littleEndian(4).putInt(masked(length)).array());
    file.write(message);
    file.write(littleEndian(4).putInt(masked(message)).array());
  }

  private static int masked(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() {
    file.close();
  }
}
