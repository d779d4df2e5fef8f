package dev.tapscope.census;

import java.util.List;

/**
 * One place the census taps, in the words of a profile.
 *
 * @param id number of the place in its census, the tap's name
 * @param kind what kind of place it is
 * @param method {@code a.b.Block.forward(float[][], int)}
 * @param at {@code after store local x 1 of 1}
 * @param value {@code local x}
 * @param type {@code float[][]}
 * @param line of the source, 0 where the class does not say
 * @param instance whether the method has a {@code this}, passed first
 * @param numbers operands that hold ints there, passed next: {@code arg 1}, {@code local l}
 * @param objects parameters that are objects, passed last: {@code arg 2}; only where ids are
 */
record Place(
    int id,
    Kind kind,
    String method,
    String at,
    String value,
    String type,
    int line,
    boolean instance,
    List<String> numbers,
    List<String> objects) {

  /** In the order in which one of several places with the same value is shown. */
  enum Kind {
    STORE,
    ENTRY,
    CALL,
    EXIT,
    PUT
  }

  Place {
    numbers = List.copyOf(numbers);
    objects = List.copyOf(objects);
  }

  /** Whether the value is a prompt's ids rather than a tensor. */
  boolean ids() {
    return type.equals("int[]");
  }

  /** Whether the value is one number, perhaps the id a sampler chose. */
  boolean number() {
    return type.equals("int");
  }
}
