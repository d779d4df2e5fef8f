// What the emulated device can do, and what its errors are called.
#pragma once

#include <cstddef>

namespace emulation {

/// Most shared memory of a block without asking for more.
constexpr size_t SHARED_LIMIT = 48 * 1024;

/// Most shared memory of a block that asks for it, by the compute capability.
size_t shared_limit_opt_in();
size_t shared_of_multiprocessor();
int threads_of_multiprocessor();

/// CUdevice_attribute; gives a CUresult.
int get_attribute(int attribute, int& value);

/// Name or description of a CUresult; null where the code is none.
const char* error_name(int code);
const char* error_text(int code);

}  // namespace emulation
