package dev.tapscope.census;

import dev.tapscope.rows.Rows;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Keeps what one place shows. Thread-safe. */
final class PlaceRecorder {
  /** More fires are counted only: a place that fires so often is no site of a block. */
  private static final int MOST_FIRES = 1 << 14;

  /** Of so many the first position is kept whole. */
  private static final int MOST_FIRSTS = 128;

  private final Recorder recorder;
  private final Place place;
  private final List<Fire> fires = new ArrayList<>();
  private final List<String> operands;
  private final List<MethodHandle> fields = new ArrayList<>();
  private boolean linked;
  private long total;

  PlaceRecorder(Recorder recorder, Place place) {
    this.recorder = recorder;
    this.place = place;
    this.operands = new ArrayList<>(place.numbers());
  }

  /** Finds the int fields of {@code this}; the tapped class itself gives the right to read them. */
  synchronized void linkedFrom(Lookup caller) throws IllegalAccessException {
    if (linked || !place.instance()) {
      return;
    }
    linked = true;
    for (Field field : caller.lookupClass().getDeclaredFields()) {
      if (field.getType() == int.class && !Modifier.isStatic(field.getModifiers())) {
        fields.add(caller.unreflectGetter(field));
        operands.add("this." + field.getName());
      }
    }
  }

  /**
   * Called with each value on the model's thread; throws nothing into it.
   *
   * @param value what passed
   * @param passed {@code this}, the numbers and the objects, as {@link Spot} passes them
   */
  synchronized void record(Object value, Object[] passed) {
    total++;
    if (fires.size() == MOST_FIRES) {
      return;
    }
    try {
      fires.add(fire(value, passed));
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      recorder.tell("'" + place.value() + "' of " + place.method() + " cannot be read", e);
    }
  }

  private Fire fire(Object value, Object[] passed) throws Throwable {
    int own = place.instance() ? 1 : 0;
    int[] numbers = new int[operands.size()];
    int given = place.numbers().size();
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          i < given ? (int) passed[own + i] : (int) fields.get(i - given).invoke(passed[0]);
    }
    int[] objects = new int[place.objects().size()];
    for (int i = 0; i < objects.length; i++) {
      objects[i] = System.identityHashCode(passed[own + given + i]);
    }
    if (place.number()) {
      return new Fire(recorder.next(), numbers, objects, 1, (int) value, Optional.empty());
    }
    if (place.ids()) {
      int[] ids = value == null ? new int[0] : (int[]) value;
      int first = ids.length == 0 ? -1 : ids[0];
      return new Fire(recorder.next(), numbers, objects, ids.length, first, Optional.empty());
    }
    return new Fire(recorder.next(), numbers, objects, 0, 0, look(value));
  }

  private Optional<Look> look(Object value) {
    if (!whole(value)) {
      return Optional.empty();
    }
    Rows rows = recorder.rows(place, value);
    int count = rows.rows();
    if (count == 0 || rows.width(0) > Look.WIDEST || rows.width(count - 1) > Look.WIDEST) {
      return Optional.empty();
    }
    Look look = Look.at(rows, total <= MOST_FIRSTS);
    return recorder.reserve(look.size()) ? Optional.of(look) : Optional.empty();
  }

  /** Whether nothing is missing in it: an array may be looked at before it is filled. */
  private static boolean whole(Object value) {
    return value instanceof Object[] parts
        ? Arrays.stream(parts).allMatch(PlaceRecorder::whole)
        : value != null;
  }

  synchronized Seen seen() {
    return new Seen(place, operands, total, fires);
  }
}
