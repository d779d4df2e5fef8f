// State of the library that is never destroyed: when the process ends, threads that nobody stopped
// may still call.
#pragma once

namespace emulation {

template <class T>
union Immortal {
  T value;
  Immortal() : value() {}
  ~Immortal() {}
};

}  // namespace emulation
