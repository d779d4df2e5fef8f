// The emulated CUDA driver: a libcuda.so.1 that runs the project's kernels on the CPU, so that the
// launch code of the product runs in tests as it is, through JCuda, without a GPU.
//
// Loaded by System.load before anything else asks for CUDA, it is the driver: the loader finds it
// by its SONAME. It is stricter than a driver: it checks each argument that it can check, fills new
// memory with 0xFF, runs work as late as it may, and reports a wrong kernel with a sentence on
// stderr and the error that a device would give. It knows one device, and keeps all memory, streams
// and modules until the last context is gone.
//
// Settings: the environment variable TAPSCOPE_EMULATOR, or the function tapscope_emulator, see
// settings.cpp for the words. Functions of the driver that are not written here are listed in
// unsupported.cpp and give CUDA_ERROR_NOT_SUPPORTED.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "device.h"
#include "immortal.h"
#include "memory.h"
#include "state.h"

namespace emulation {

static Immortal<State> immortal_state;
State& state = immortal_state.value;
Streams& streams = state.streams;
std::recursive_mutex mutex;
static thread_local std::vector<Context*> context_stack;

Context* current_context() {
  if (context_stack.empty() || state.contexts.count(context_stack.back()) == 0) {
    return nullptr;
  }
  return context_stack.back();
}

std::shared_ptr<Stream> stream_of(const void* handle) {
  switch (reinterpret_cast<uintptr_t>(handle)) {
    case 0:  // and CU_STREAM_LEGACY
    case 1:
      return streams.legacy;
    case 2:  // CU_STREAM_PER_THREAD
      return streams.per_thread;
    default:
      return state.stream_handles.get(handle);
  }
}

}  // namespace emulation

using namespace emulation;

namespace {

/// The last context takes everything with it. Says what nobody freed or waited for, unless the
/// caller wants just that gone.
void destroy_context(Context* context, bool wanted) {
  state.contexts.erase(context);
  delete context;
  if (!state.contexts.empty()) {
    return;
  }
  const size_t left = device_memory.count() + state.pinned.size();
  if (left > 0 && !wanted) {
    report("The context ends with %zu allocations that were not freed, %zu bytes of the device.",
           left, device_memory.used());
  }
  if (streams.pending() > 0 && !wanted) {
    report("The context ends with %zu pieces of work that nobody waited for.", streams.pending());
  }
  streams.reset();
  state.modules.clear();
  state.functions.clear();
  state.stream_handles.clear();
  state.events.clear();
  state.graphs.clear();
  state.executables.clear();
  device_memory.free_all();
  std::for_each(state.pinned.begin(), state.pinned.end(), unmap_pinned);
  state.pinned.clear();
  state.registered.clear();
}

template <class Body>
int with_device(int device, Body body) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (!state.initialized) {
    return NOT_INITIALIZED;
  }
  if (device < 0 || device >= settings.devices) {
    return INVALID_DEVICE;
  }
  return body();
}

/// As a driver reads its environment: once, with the first call.
void read_environment() {
  static const bool read = configure("");
  static_cast<void>(read);
  if (device_memory.capacity == 0) {
    device_memory.capacity = settings.memory;
  }
}

}  // namespace

// ---- The emulator's own ----

/// Replaces all settings (those not named get their defaults, which are those of the environment)
/// and forgets an error of the context. 0, or 1 where the text is wrong.
API int tapscope_emulator(const char* text) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  read_environment();  // or the first call of the driver would, and undo this
  if (!configure(text)) {
    return INVALID_VALUE;
  }
  device_memory.capacity = settings.memory;
  streams.error = SUCCESS;
  return SUCCESS;
}

/// "launches", "graph-launches", "allocations", "live-allocations", "bytes" (of the device, now),
/// "pinned" (bytes of the host, now), "copies", "fills", "host-functions" (such as the products of
/// the emulated cuBLAS), "pending" (pieces of work that nobody has waited for) or "kernel:NAME" (how
/// often it ran); -1 for other words.
API long tapscope_emulator_count(const char* what) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  const std::string word = what;
  if (word == "launches") {
    return counts.launches;
  }
  if (word == "graph-launches") {
    return counts.graph_launches;
  }
  if (word == "allocations") {
    return counts.allocations;
  }
  if (word == "live-allocations") {
    return static_cast<long>(device_memory.count() + state.pinned.size());
  }
  if (word == "bytes") {
    return static_cast<long>(device_memory.used());
  }
  if (word == "pinned") {
    long sum = 0;
    for (const auto& range : state.pinned) {
      sum += static_cast<long>(range.second);
    }
    return sum;
  }
  if (word == "copies") {
    return counts.copies;
  }
  if (word == "fills") {
    return counts.fills;
  }
  if (word == "host-functions") {
    return counts.host_functions;
  }
  if (word == "pending") {
    return static_cast<long>(streams.pending());
  }
  if (word.rfind("kernel:", 0) == 0) {
    const std::string name = word.substr(7);
    return find_kernel(name) == nullptr ? -1 : counts.kernels[name];
  }
  return -1;
}

/// The last sentence that went to stderr; empty where there was none.
API const char* tapscope_emulator_report() { return last_report(); }

// ---- Initialisation and devices ----

API int cuInit(unsigned flags) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  read_environment();
  if (flags != 0) {
    return INVALID_VALUE;
  }
  if (settings.devices == 0) {
    return NO_DEVICE;
  }
  state.initialized = true;
  return SUCCESS;
}

API int cuDriverGetVersion(int* version) {
  read_environment();
  *version = settings.driver;
  return SUCCESS;
}

API int cuDeviceGetCount(int* count) {
  if (!state.initialized) {
    return NOT_INITIALIZED;
  }
  *count = settings.devices;
  return SUCCESS;
}

API int cuDeviceGet(int* device, int ordinal) {
  return with_device(ordinal, [&] {
    *device = ordinal;
    return SUCCESS;
  });
}

API int cuDeviceGetName(char* name, int length, int device) {
  return with_device(device, [&] {
    snprintf(name, static_cast<size_t>(length), "Tapscope emulated device %d", device);
    return SUCCESS;
  });
}

API int cuDeviceGetUuid(unsigned char* uuid, int device) {
  return with_device(device, [&] {
    memset(uuid, 0, 16);
    uuid[0] = static_cast<unsigned char>(device);
    return SUCCESS;
  });
}

API int cuDeviceGetPCIBusId(char* id, int length, int device) {
  return with_device(device, [&] {
    snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0", device);
    return SUCCESS;
  });
}

API int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  return with_device(device, [&] {
    *bytes = device_memory.capacity;
    return SUCCESS;
  });
}

API int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return with_device(device, [&] { return get_attribute(attribute, *value); });
}

API int cuDeviceComputeCapability(int* major, int* minor, int device) {
  return with_device(device, [&] {
    *major = settings.major;
    *minor = settings.minor;
    return SUCCESS;
  });
}

API int cuGetErrorName(int error, const char** name) {
  *name = error_name(error);
  return *name == nullptr ? INVALID_VALUE : SUCCESS;
}

API int cuGetErrorString(int error, const char** text) {
  *text = error_text(error);
  return *text == nullptr ? INVALID_VALUE : SUCCESS;
}

API int cuProfilerStart() { return SUCCESS; }
API int cuProfilerStop() { return SUCCESS; }

// ---- Contexts ----

API int cuDevicePrimaryCtxRetain(void** context, int device) {
  return with_device(device, [&] {
    if (state.primary_context == nullptr) {
      state.primary_context = new Context{true};
      state.contexts.insert(state.primary_context);
    }
    state.primary_retained++;
    *context = state.primary_context;
    return SUCCESS;
  });
}

API int cuDevicePrimaryCtxReset_v2(int device) {
  return with_device(device, [&] {
    if (state.primary_context != nullptr) {
      destroy_context(state.primary_context, true);
      state.primary_context = nullptr;
      state.primary_retained = 0;
    }
    return SUCCESS;
  });
}

API int cuDevicePrimaryCtxRelease_v2(int device) {
  return with_device(device, [&] {
    if (state.primary_context == nullptr) {
      report("The primary context is released more often than it was retained.");
      return INVALID_CONTEXT;
    }
    if (--state.primary_retained == 0) {
      destroy_context(state.primary_context, false);
      state.primary_context = nullptr;
    }
    return SUCCESS;
  });
}

API int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags) {
  return with_device(device, [&] {
    state.primary_flags = flags;
    return SUCCESS;
  });
}

API int cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
  return with_device(device, [&] {
    *flags = state.primary_flags;
    *active = state.primary_context != nullptr;
    return SUCCESS;
  });
}

API int cuCtxCreate_v2(void** context, unsigned, int device) {
  return with_device(device, [&] {
    auto* created = new Context{false};
    state.contexts.insert(created);
    context_stack.push_back(created);
    *context = created;
    return SUCCESS;
  });
}

API int cuCtxDestroy_v2(void* context) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  auto* destroyed = static_cast<Context*>(context);
  if (state.contexts.count(destroyed) == 0 || destroyed->primary) {
    return INVALID_CONTEXT;
  }
  if (!context_stack.empty() && context_stack.back() == destroyed) {
    context_stack.pop_back();
  }
  destroy_context(destroyed, false);
  return SUCCESS;
}

API int cuCtxSetCurrent(void* context) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (!state.initialized) {
    return NOT_INITIALIZED;
  }
  auto* wanted = static_cast<Context*>(context);
  if (wanted != nullptr && state.contexts.count(wanted) == 0) {
    return INVALID_CONTEXT;
  }
  if (!context_stack.empty()) {
    context_stack.pop_back();
  }
  if (wanted != nullptr) {
    context_stack.push_back(wanted);
  }
  return SUCCESS;
}

API int cuCtxGetCurrent(void** context) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (!state.initialized) {
    return NOT_INITIALIZED;
  }
  *context = current_context();
  return SUCCESS;
}

API int cuCtxPushCurrent_v2(void* context) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  auto* pushed = static_cast<Context*>(context);
  if (state.contexts.count(pushed) == 0) {
    return INVALID_CONTEXT;
  }
  context_stack.push_back(pushed);
  return SUCCESS;
}

API int cuCtxPopCurrent_v2(void** context) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (context_stack.empty()) {
    return INVALID_CONTEXT;
  }
  if (context != nullptr) {
    *context = context_stack.back();
  }
  context_stack.pop_back();
  return SUCCESS;
}

API int cuCtxGetDevice(int* device) {
  return in_context([&] {
    *device = 0;
    return SUCCESS;
  });
}

API int cuCtxGetApiVersion(void*, unsigned* version) {
  *version = 3020;
  return SUCCESS;
}

API int cuCtxGetFlags(unsigned* flags) {
  return in_context([&] {
    *flags = state.primary_flags;
    return SUCCESS;
  });
}

API int cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return in_context([&] {
    *least = 0;
    *greatest = -5;
    return SUCCESS;
  });
}

API int cuCtxSetCacheConfig(int) {
  return in_context([] { return SUCCESS; });
}

API int cuCtxSynchronize() {
  return in_context([] { return streams.synchronize_all(); });
}
