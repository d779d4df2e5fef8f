package dev.tapscope.census;

import dev.tapscope.boot.TapBridge;
import dev.tapscope.rows.Rows;
import dev.tapscope.rows.RowsOf;
import dev.tapscope.tap.TensorCodec;
import java.io.PrintStream;
import java.lang.invoke.CallSite;
import java.lang.invoke.ConstantCallSite;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Hears of every value of a census and keeps a look at it, within a bounded memory. The model
 * computes as ever: values are read, never changed. Thread-safe.
 */
final class Recorder implements TapBridge.Linker {
  private final Map<String, TensorCodec> codecs;
  private final PrintStream err;
  private final AtomicLong order = new AtomicLong();
  private final AtomicLong left;
  private final Map<Integer, PlaceRecorder> places = new TreeMap<>();
  private boolean told;

  /**
   * @param codecs reads tensors, by the class names of their types
   * @param floats that looks may take together
   */
  Recorder(Map<String, TensorCodec> codecs, long floats, PrintStream err) {
    this.codecs = Map.copyOf(codecs);
    this.left = new AtomicLong(floats);
    this.err = err;
  }

  synchronized void expect(List<Place> more) {
    more.forEach(place -> places.computeIfAbsent(place.id(), id -> new PlaceRecorder(this, place)));
  }

  @Override
  public CallSite link(Lookup caller, MethodType type, String profile, String site)
      throws ReflectiveOperationException {
    PlaceRecorder place = place(Integer.parseInt(site));
    place.linkedFrom(caller);
    MethodHandle record =
        MethodHandles.lookup()
            .findVirtual(
                PlaceRecorder.class,
                "record",
                MethodType.methodType(void.class, Object.class, Object[].class))
            .bindTo(place)
            .asCollector(Object[].class, type.parameterCount() - 1)
            .asType(type.changeReturnType(void.class));
    return new ConstantCallSite(MethodHandles.foldArguments(TapBridge.passThrough(type), record));
  }

  @Override
  public CallSite linkAround(
      Lookup caller, MethodType type, String profile, String site, MethodHandle callee) {
    throw new IllegalStateException("a census stands in the place of no call");
  }

  private synchronized PlaceRecorder place(int id) {
    return places.get(id);
  }

  @Override
  public void failed(String profile, String site, Throwable cause) {
    tell("Place " + site + " of the census could not be linked", cause);
  }

  /** Something went wrong; one is told, the others are like it. */
  synchronized void tell(String what, Throwable cause) {
    if (!told) {
      told = true;
      err.println(
          "tapscope: [census-failed] "
              + what
              + " ("
              + cause
              + "), so it is missing in the report. Others may be as well.");
    }
  }

  long next() {
    return order.getAndIncrement();
  }

  /** The rows of a value. */
  Rows rows(Place place, Object value) {
    TensorCodec codec = codecs.get(place.type());
    return codec == null ? RowsOf.value(value) : RowsOf.tensor(codec, value);
  }

  /** Whether there is room for a look; if so it is taken. */
  boolean reserve(int floats) {
    return left.addAndGet(-floats) >= 0;
  }

  /** Everything seen so far, in the order of the places' numbers. */
  synchronized List<Seen> seen() {
    List<Seen> all = new ArrayList<>();
    places.values().forEach(place -> all.add(place.seen()));
    return all;
  }
}
