// For the files that the Makefile generates, one for each .cu: a table of its kernels.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "machine.h"

namespace emulation {

/// How to call a kernel with what a launch passes, by the kernel's own C++ signature.
template <auto kernel>
struct Entry;

template <class... Parameters, void (*kernel)(Parameters...)>
struct Entry<kernel> {
  static constexpr size_t count = sizeof...(Parameters);
  // One more, since an array of none is none.
  static constexpr ParameterType parameters[count + 1] = {
      {sizeof(Parameters), alignof(Parameters), std::is_pointer_v<Parameters>}..., {}};

  template <size_t... index>
  static void call(void* const* arguments, std::index_sequence<index...>) {
    kernel(*static_cast<Parameters*>(arguments[index])...);
  }

  static void call(void* const* arguments) {
    call(arguments, std::index_sequence_for<Parameters...>());
  }
};

template <auto kernel>
constexpr Kernel kernel_of(const char* name, const char* file, unsigned char* shared_begin,
                           unsigned char* shared_end) {
  return {name,
          file,
          Entry<kernel>::call,
          Entry<kernel>::parameters,
          Entry<kernel>::count,
          shared_begin,
          shared_end};
}

}  // namespace emulation
