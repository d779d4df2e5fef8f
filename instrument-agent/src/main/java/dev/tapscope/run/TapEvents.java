package dev.tapscope.run;

import dev.tapscope.tap.Address;

/** Somebody who times the fires of a run. */
public interface TapEvents {
  /** One fire under way. */
  interface Fire {
    void end(Address address, int firstPosition, int rows);
  }

  /** Nobody. */
  TapEvents NONE = () -> (address, first, rows) -> {};

  Fire begin();
}
