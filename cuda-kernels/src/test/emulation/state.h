// What the functions of the emulated driver share: its state, and how each of them begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <unordered_map>
#include <vector>

#include "machine.h"
#include "ptx.h"
#include "settings.h"
#include "streams.h"

#define API extern "C" __attribute__((visibility("default")))

namespace emulation {

using DevicePointer = unsigned long long;

struct Context {
  bool primary;
};

struct Module {
  Ptx ptx;
};

struct Function {
  const Kernel* kernel;
  PtxEntry entry;
  std::shared_ptr<Module> module;
  int max_dynamic_shared = 0;
};

/// Objects that the caller knows by their addresses.
template <class T>
class Handles {
 public:
  T* add(const std::shared_ptr<T>& object) {
    objects_[object.get()] = object;
    return object.get();
  }
  std::shared_ptr<T> get(const void* handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  bool remove(const void* handle) { return objects_.erase(handle) > 0; }
  void clear() { objects_.clear(); }

 private:
  std::unordered_map<const void*, std::shared_ptr<T>> objects_;
};

/// A graph that can be launched.
struct Executable {
  std::vector<Work> nodes;
};

struct State {
  bool initialized = false;
  Streams streams;
  std::set<Context*> contexts;
  Context* primary_context = nullptr;
  int primary_retained = 0;
  unsigned primary_flags = 0;
  Handles<Module> modules;
  Handles<Function> functions;
  Handles<Stream> stream_handles;
  Handles<Event> events;
  Handles<Graph> graphs;
  Handles<Executable> executables;
  std::map<uintptr_t, size_t> pinned;      // from cuMemHostAlloc
  std::map<uintptr_t, size_t> registered;  // by cuMemHostRegister
};
extern State& state __attribute__((visibility("hidden")));
extern Streams& streams __attribute__((visibility("hidden")));

/// Held by each call.
extern std::recursive_mutex mutex __attribute__((visibility("hidden")));

/// Of this thread; null where there is none.
Context* current_context();

/// The stream of a handle, default streams among them; null where there is none.
std::shared_ptr<Stream> stream_of(const void* handle);

/// Whether these bytes of the host are such that a device can read them.
bool is_pinned(uintptr_t address, size_t size);

inline uintptr_t address_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }
inline void* pointer_to(uintptr_t address) { return reinterpret_cast<void*>(address); }

/// Gives pinned memory back to the system.
void unmap_pinned(const std::pair<const uintptr_t, size_t>& range);

/// Locks, checks that there is a context without an error, and goes on.
template <class Body>
int in_context(Body body) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (!state.initialized) {
    return NOT_INITIALIZED;
  }
  if (current_context() == nullptr) {
    return INVALID_CONTEXT;
  }
  if (streams.error != SUCCESS) {
    return streams.error;
  }
  try {
    return body();
  } catch (const std::bad_alloc&) {
    report("The host's memory is exhausted.");
    return OUT_OF_MEMORY;
  }
}

/// in_context for calls that work in a stream.
template <class Body>
int in_stream(const void* handle, Body body) {
  return in_context([&] {
    const auto stream = stream_of(handle);
    if (stream == nullptr) {
      report("There is no such stream.");
      return INVALID_HANDLE;
    }
    return body(stream);
  });
}

}  // namespace emulation
