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
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/mman.h>

#include "immortal.h"
#include "machine.h"
#include "memory.h"
#include "ptx.h"
#include "settings.h"
#include "streams.h"

#define API extern "C" __attribute__((visibility("default")))

using namespace emulation;

namespace {

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

// ---- State ----

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
Immortal<State> immortal_state;
State& state = immortal_state.value;
Streams& streams = state.streams;
std::recursive_mutex mutex;
thread_local std::vector<Context*> context_stack;

Context* current_context() {
  if (context_stack.empty() || state.contexts.count(context_stack.back()) == 0) {
    return nullptr;
  }
  return context_stack.back();
}

constexpr size_t PAGE = 4096;

size_t whole_pages(size_t size) { return (size + PAGE - 1) / PAGE * PAGE; }

void unmap_pinned(const std::pair<const uintptr_t, size_t>& range) {
  munmap(reinterpret_cast<void*>(range.first), whole_pages(range.second));
}

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

// ---- Memory ----

bool holds(const std::map<uintptr_t, size_t>& ranges, uintptr_t address, size_t size) {
  auto behind = ranges.upper_bound(address);
  if (behind == ranges.begin()) {
    return false;
  }
  --behind;
  const size_t offset = address - behind->first;
  return offset <= behind->second && size <= behind->second - offset;
}

bool is_pinned(uintptr_t address, size_t size) {
  return holds(state.pinned, address, size) || holds(state.registered, address, size);
}

uintptr_t address_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }
void* pointer_to(uintptr_t address) { return reinterpret_cast<void*>(address); }

bool check_device_range(const char* call, DevicePointer address, size_t size) {
  if (size == 0 || device_memory.contains(address, size)) {
    return true;
  }
  const auto* allocation = device_memory.find(address);
  if (allocation == nullptr) {
    report("%s: 0x%llx is no address in an allocation of the device.", call, address);
  } else {
    report("%s: %zu bytes from byte %llu on are more than the allocation's %zu.", call, size,
           address - allocation->first, allocation->second.size);
  }
  return false;
}

bool check_host_range(const char* call, const void* pointer, size_t size) {
  if (size > 0 && pointer == nullptr) {
    report("%s: the host's address is null.", call);
    return false;
  }
  if (size > 0 && device_memory.find(address_of(pointer)) != nullptr) {
    report("%s: the host's address is one of the device.", call);
    return false;
  }
  return true;
}

int count_copy(const char* call) {
  counts.copies++;
  if (fails_now(settings.fail_copy)) {
    report("%s fails as it was told to.", call);
    return UNKNOWN;
  }
  return SUCCESS;
}

/// Ranges are looked at again when the work runs: the memory may be gone by then.
Work device_work(const char* call, DevicePointer to, DevicePointer from, size_t size, Work work) {
  return [=] {
    if ((to != 0 && !check_device_range(call, to, size)) ||
        (from != 0 && !check_device_range(call, from, size))) {
      return ILLEGAL_ADDRESS;
    }
    return work();
  };
}

Work copy_work(const char* call, DevicePointer to, DevicePointer from, void* to_host,
               const void* from_host, size_t size) {
  return device_work(call, to, from, size, [=] {
    memmove(to != 0 ? pointer_to(to) : to_host, from != 0 ? pointer_to(from) : from_host, size);
    return SUCCESS;
  });
}

int copy_to_device(const char* call, DevicePointer to, const void* from, size_t size,
                   const std::shared_ptr<Stream>& stream) {
  if (!check_device_range(call, to, size) || !check_host_range(call, from, size)) {
    return INVALID_VALUE;
  }
  if (const int failed = count_copy(call)) {
    return failed;
  }
  if (is_pinned(address_of(from), size)) {
    return streams.submit(stream, copy_work(call, to, 0, nullptr, from, size));
  }
  // The driver takes pageable memory into a buffer of its own before it returns.
  const char* bytes = static_cast<const char*>(from);
  const auto staged = std::make_shared<std::vector<char>>(bytes, bytes + size);
  return streams.submit(stream, device_work(call, to, 0, size, [=] {
                          memcpy(pointer_to(to), staged->data(), size);
                          return SUCCESS;
                        }));
}

int copy_to_host(const char* call, void* to, DevicePointer from, size_t size,
                 const std::shared_ptr<Stream>& stream) {
  if (!check_device_range(call, from, size) || !check_host_range(call, to, size)) {
    return INVALID_VALUE;
  }
  if (const int failed = count_copy(call)) {
    return failed;
  }
  const int result = streams.submit(stream, copy_work(call, 0, from, to, nullptr, size));
  if (result != SUCCESS || is_pinned(address_of(to), size) || stream->capture != nullptr) {
    return result;
  }
  // A copy to pageable memory has ended when the call returns.
  return streams.synchronize(stream);
}

int copy_on_device(const char* call, DevicePointer to, DevicePointer from, size_t size,
                   const std::shared_ptr<Stream>& stream) {
  if (!check_device_range(call, to, size) || !check_device_range(call, from, size)) {
    return INVALID_VALUE;
  }
  if (const int failed = count_copy(call)) {
    return failed;
  }
  return streams.submit(stream, copy_work(call, to, from, nullptr, nullptr, size));
}

/// Calls that block wait for the default stream, and are not allowed in captures.
template <class Submit>
int blocking(Submit submit) {
  return in_context([&] {
    if (const int refused = streams.refuse_in_capture()) {
      return refused;
    }
    if (const int result = submit(streams.legacy)) {
      return result;
    }
    return streams.synchronize_default();
  });
}

template <class T>
int fill(const char* call, DevicePointer to, T value, size_t count,
         const std::shared_ptr<Stream>& stream) {
  if (to % sizeof(T) != 0) {
    report("%s: the address is not aligned to %zu bytes.", call, sizeof(T));
    return INVALID_VALUE;
  }
  if (count > SIZE_MAX / sizeof(T) || !check_device_range(call, to, count * sizeof(T))) {
    return INVALID_VALUE;
  }
  return streams.submit(stream, device_work(call, to, 0, count * sizeof(T), [=] {
                          std::fill_n(static_cast<T*>(pointer_to(to)), count, value);
                          return SUCCESS;
                        }));
}

/// Counts an allocation; whether it is to fail.
bool fail_allocation(const char* call) {
  if (fails_now(settings.fail_alloc)) {
    report("%s fails as it was told to.", call);
    return true;
  }
  counts.allocations++;
  return false;
}

int allocate(const char* call, DevicePointer* address, size_t size) {
  if (address == nullptr || size == 0) {
    report("%s: %s.", call, size == 0 ? "an allocation of 0 bytes" : "no place for the address");
    return INVALID_VALUE;
  }
  if (fail_allocation(call)) {
    return OUT_OF_MEMORY;
  }
  *address = device_memory.allocate(size, !settings.null_launches);
  if (*address == 0) {
    counts.allocations--;
    report("%s: %zu bytes are more than the %zu that are left.", call, size,
           device_memory.capacity - device_memory.used());
    return OUT_OF_MEMORY;
  }
  return SUCCESS;
}

int allocate_pinned(const char* call, void** pointer, size_t size) {
  if (pointer == nullptr || size == 0) {
    return INVALID_VALUE;
  }
  if (fail_allocation(call)) {
    return OUT_OF_MEMORY;
  }
  void* memory = mmap(nullptr, whole_pages(size), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return OUT_OF_MEMORY;
  }
  memset(memory, 0xFF, size);
  state.pinned[address_of(memory)] = size;
  *pointer = memory;
  return SUCCESS;
}

// ---- Modules and launches ----

const Kernel* find_kernel(const std::string& name) {
  for (auto table = kernel_tables; *table != nullptr; table++) {
    for (const Kernel* kernel = **table; kernel->name != nullptr; kernel++) {
      if (name == kernel->name) {
        return kernel;
      }
    }
  }
  return nullptr;
}

/// The newest PTX that a driver takes: its CUDA 12.x knows PTX 8.x, 11.x knows 7.x, 13.x 9.x.
int supported_ptx(int driver) { return (driver / 1000 - 4) * 10 + driver % 1000 / 10; }

int load_module(const char* call, void** handle, const void* image) {
  if (handle == nullptr || image == nullptr) {
    return INVALID_VALUE;
  }
  auto module = std::make_shared<Module>();
  if (!read_ptx(static_cast<const char*>(image), module->ptx)) {
    report("%s: the image is no PTX: it does not begin with .version and .target.", call);
    return INVALID_IMAGE;
  }
  const Ptx& ptx = module->ptx;
  if (ptx.version > supported_ptx(settings.driver)) {
    report("%s: PTX %d.%d is too new for the driver's version %d.", call, ptx.version / 10,
           ptx.version % 10, settings.driver);
    return UNSUPPORTED_PTX_VERSION;
  }
  const int capability = 10 * settings.major + settings.minor;
  if (ptx.target > capability || (ptx.exact_target && ptx.target != capability)) {
    report("%s: PTX for sm_%d%s does not run on a device of compute capability %d.%d.", call,
           ptx.target, ptx.exact_target ? "a" : "", settings.major, settings.minor);
    return NO_BINARY_FOR_GPU;
  }
  *handle = state.modules.add(module);
  return SUCCESS;
}

/// What the kernel's C++ and its PTX say must be the same.
bool matches(const Kernel& kernel, const PtxEntry& entry) {
  if (entry.parameter_sizes.size() != kernel.parameter_count) {
    report("%s has %zu parameters in its PTX and %zu in its source: run build-ptx.", kernel.name,
           entry.parameter_sizes.size(), kernel.parameter_count);
    return false;
  }
  for (size_t i = 0; i < kernel.parameter_count; i++) {
    if (entry.parameter_sizes[i] != kernel.parameters[i].size) {
      report("Parameter %zu of %s has %u bytes in its PTX and %u in its source: run build-ptx.", i,
             kernel.name, entry.parameter_sizes[i], kernel.parameters[i].size);
      return false;
    }
  }
  return true;
}

size_t shared_limit_opt_in() {
  switch (10 * settings.major + settings.minor) {
    case 80:
    case 87:
      return 163 * 1024;
    case 86:
    case 89:
    case 120:
    case 121:
      return 99 * 1024;
    default:
      return 227 * 1024;
  }
}
size_t shared_of_multiprocessor() { return shared_limit_opt_in() + 1024; }
int threads_of_multiprocessor() {
  const int capability = 10 * settings.major + settings.minor;
  return capability == 86 || capability == 89 || capability == 120 ? 1536 : 2048;
}
constexpr size_t SHARED_LIMIT = 48 * 1024;

/// A launch whose arguments were copied.
struct PreparedLaunch {
  std::shared_ptr<Function> function;
  dim3 grid;
  dim3 block;
  size_t dynamic_shared;
  std::vector<unsigned char> bytes;
  std::vector<void*> arguments;
};

/// Device pointers among the arguments must point to the device's memory, or to pinned memory of
/// the host, which devices can read as well. Here any pointer would work; on a device it would not.
bool check_pointers(const PreparedLaunch& launch, std::string& message) {
  const Kernel& kernel = *launch.function->kernel;
  for (size_t i = 0; i < kernel.parameter_count; i++) {
    if (!kernel.parameters[i].pointer) {
      continue;
    }
    uintptr_t address;
    memcpy(&address, launch.arguments[i], sizeof address);
    if (address != 0 && !device_memory.touches(address) && !is_pinned(address, 0)) {
      char hex[32];
      snprintf(hex, sizeof hex, "%#zx", static_cast<size_t>(address));
      message = "gets as argument " + std::to_string(i) + " the pointer " + hex +
                ", which points to no memory of the device";
      return false;
    }
  }
  return true;
}

int run_launch(const PreparedLaunch& launch) {
  const Kernel& kernel = *launch.function->kernel;
  counts.kernels[kernel.name]++;
  Outcome outcome = {SUCCESS, ""};
  if (!check_pointers(launch, outcome.message)) {
    outcome.result = ILLEGAL_ADDRESS;
  } else {
    outcome = run({&kernel, launch.grid, launch.block, launch.dynamic_shared,
                   launch.arguments.data(), settings.order});
    if (outcome.result == SUCCESS) {
      outcome.message = device_memory.check_margins();
      outcome.result = outcome.message.empty() ? SUCCESS : ILLEGAL_ADDRESS;
    }
  }
  if (outcome.result != SUCCESS) {
    report("Kernel %s (%s) fails: %s.", kernel.name, kernel.file, outcome.message.c_str());
  }
  return outcome.result;
}

/// The argument buffer of `extra`, see cuLaunchKernel; null where there is none.
const unsigned char* extra_buffer(void** extra, size_t& size) {
  const unsigned char* buffer = nullptr;
  for (; extra != nullptr && *extra != nullptr; extra += 2) {
    if (address_of(extra[0]) == 1) {
      buffer = static_cast<const unsigned char*>(extra[1]);
    } else if (address_of(extra[0]) == 2) {
      size = *static_cast<const size_t*>(extra[1]);
    }
  }
  return buffer;
}

/// Copies the arguments of a launch, as a driver does before it returns.
bool copy_arguments(PreparedLaunch& launch, void** parameters, void** extra) {
  const Kernel& kernel = *launch.function->kernel;
  size_t size = 0;
  std::vector<size_t> offsets;
  for (size_t i = 0; i < kernel.parameter_count; i++) {
    const ParameterType& type = kernel.parameters[i];
    size = (size + type.alignment - 1) / type.alignment * type.alignment;
    offsets.push_back(size);
    size += type.size;
  }
  size_t extra_size = 0;
  const unsigned char* buffer = extra_buffer(extra, extra_size);
  if (kernel.parameter_count > 0 && parameters == nullptr &&
      (buffer == nullptr || extra_size < size)) {
    report("%s is launched without its %zu arguments.", kernel.name, kernel.parameter_count);
    return false;
  }
  launch.bytes.resize(size);
  for (size_t i = 0; i < kernel.parameter_count; i++) {
    const void* from = parameters != nullptr ? parameters[i] : buffer + offsets[i];
    if (from == nullptr) {
      report("%s is launched with null in place of argument %zu.", kernel.name, i);
      return false;
    }
    launch.arguments.push_back(launch.bytes.data() + offsets[i]);
    memcpy(launch.arguments[i], from, kernel.parameters[i].size);
  }
  return true;
}

/// The errors that a driver gives for sizes that the device cannot run.
int check_sizes(const Function& function, const dim3& grid, const dim3& block, size_t dynamic) {
  const char* name = function.kernel->name;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 2147483647u || grid.y > 65535 ||
      grid.z > 65535) {
    report("%s is launched with a grid of %u x %u x %u blocks; there must be 1 to 2147483647 x "
           "65535 x 65535.",
           name, grid.x, grid.y, grid.z);
    return INVALID_VALUE;
  }
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.z > 64) {
    report("%s is launched with blocks of %u x %u x %u threads; there must be 1 to 1024, 64 in z.",
           name, block.x, block.y, block.z);
    return INVALID_VALUE;
  }
  if (function.entry.max_threads != 0 && threads > function.entry.max_threads) {
    report("%s is launched with blocks of %llu threads; its __launch_bounds__ are %u.", name,
           static_cast<unsigned long long>(threads), function.entry.max_threads);
    return INVALID_VALUE;
  }
  const size_t set = static_cast<size_t>(function.max_dynamic_shared);
  if (dynamic > set && dynamic + function.entry.static_shared > SHARED_LIMIT) {
    report("%s is launched with %zu bytes of dynamic and %zu of static shared memory; above 48 KiB "
           "it must be raised first by cuFuncSetAttribute.",
           name, dynamic, function.entry.static_shared);
    return INVALID_VALUE;
  }
  return SUCCESS;
}

int get_attribute(int attribute, int& value) {
  switch (attribute) {
    case 1:  // MAX_THREADS_PER_BLOCK
    case 2:  // MAX_BLOCK_DIM_X
    case 3:  // MAX_BLOCK_DIM_Y
      value = 1024;
      break;
    case 4:  // MAX_BLOCK_DIM_Z
      value = 64;
      break;
    case 5:   // MAX_GRID_DIM_X
    case 11:  // MAX_PITCH
      value = 2147483647;
      break;
    case 6:  // MAX_GRID_DIM_Y
    case 7:  // MAX_GRID_DIM_Z
      value = 65535;
      break;
    case 8:  // MAX_SHARED_MEMORY_PER_BLOCK
      value = SHARED_LIMIT;
      break;
    case 9:   // TOTAL_CONSTANT_MEMORY
    case 12:  // MAX_REGISTERS_PER_BLOCK
    case 82:  // MAX_REGISTERS_PER_MULTIPROCESSOR
      value = 65536;
      break;
    case 10:  // WARP_SIZE
      value = 32;
      break;
    case 13:  // CLOCK_RATE
    case 36:  // MEMORY_CLOCK_RATE
      value = 1500000;
      break;
    case 14:  // TEXTURE_ALIGNMENT
    case 30:  // SURFACE_ALIGNMENT
      value = 512;
      break;
    case 15:   // GPU_OVERLAP
    case 19:   // CAN_MAP_HOST_MEMORY
    case 31:   // CONCURRENT_KERNELS
    case 32:   // ECC_ENABLED
    case 41:   // UNIFIED_ADDRESSING
    case 78:   // STREAM_PRIORITIES_SUPPORTED
    case 115:  // MEMORY_POOLS_SUPPORTED
      value = 1;
      break;
    case 16:  // MULTIPROCESSOR_COUNT
      value = settings.multiprocessors;
      break;
    case 37:  // GLOBAL_MEMORY_BUS_WIDTH
      value = 5120;
      break;
    case 38:  // L2_CACHE_SIZE
      value = 50 << 20;
      break;
    case 39:  // MAX_THREADS_PER_MULTIPROCESSOR
      value = threads_of_multiprocessor();
      break;
    case 40:  // ASYNC_ENGINE_COUNT
      value = 2;
      break;
    case 75:  // COMPUTE_CAPABILITY_MAJOR
      value = settings.major;
      break;
    case 76:  // COMPUTE_CAPABILITY_MINOR
      value = settings.minor;
      break;
    case 81:  // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
      value = static_cast<int>(shared_of_multiprocessor());
      break;
    case 97:  // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
      value = static_cast<int>(shared_limit_opt_in());
      break;
    case 106:  // MAX_BLOCKS_PER_MULTIPROCESSOR
      value = 32;
      break;
    case 111:  // RESERVED_SHARED_MEMORY_PER_BLOCK
      value = 1024;
      break;
    default:
      if (attribute <= 0 || attribute > 150) {
        return INVALID_VALUE;
      }
      value = 0;  // other things that this device has not
  }
  return SUCCESS;
}

int occupancy(const Function& function, int threads, size_t dynamic) {
  if (threads <= 0 || threads > 1024) {
    return 0;
  }
  const size_t shared = dynamic + function.entry.static_shared + 1024;
  const size_t by_shared = shared_of_multiprocessor() / shared;
  const int warps = (threads + 31) / 32;
  return std::min({32, threads_of_multiprocessor() / (32 * warps), static_cast<int>(by_shared)});
}

struct ErrorText {
  int code;
  const char* name;
  const char* text;
};
constexpr ErrorText ERRORS[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {301, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "part or all of the requested memory range is already mapped"},
    {713, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "pointer does not correspond to a registered memory region"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture was not ended in the same stream as it began"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "capturing stream has unjoined work"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

int find_error(int code, const char** to, const char* ErrorText::*member) {
  for (const ErrorText& error : ERRORS) {
    if (error.code == code) {
      *to = error.*member;
      return SUCCESS;
    }
  }
  *to = nullptr;
  return INVALID_VALUE;
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
  if (!configure(text)) {
    return INVALID_VALUE;
  }
  device_memory.capacity = settings.memory;
  streams.error = SUCCESS;
  return SUCCESS;
}

/// "launches", "graph-launches", "allocations", "live-allocations", "bytes" (of the device, now),
/// "copies", "pending" (pieces of work that nobody has waited for) or "kernel:NAME" (how often it
/// ran); -1 for other words.
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
  if (word == "copies") {
    return counts.copies;
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
  return find_error(error, name, &ErrorText::name);
}

API int cuGetErrorString(int error, const char** text) {
  return find_error(error, text, &ErrorText::text);
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

// ---- Modules and functions ----

API int cuModuleLoadData(void** module, const void* image) {
  return in_context([&] { return load_module("cuModuleLoadData", module, image); });
}

/// The options tell the compiler how to compile; there is nothing to compile here.
API int cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
  return in_context([&] { return load_module("cuModuleLoadDataEx", module, image); });
}

API int cuModuleLoad(void** module, const char* path) {
  return in_context([&] {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return 301;  // FILE_NOT_FOUND
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return load_module("cuModuleLoad", module, text.c_str());
  });
}

API int cuModuleUnload(void* module) {
  return in_context([&] {
    if (const int refused = streams.refuse_in_capture()) {
      return refused;
    }
    const int result = streams.synchronize_all();
    return state.modules.remove(module) ? result : INVALID_HANDLE;
  });
}

API int cuModuleGetFunction(void** function, void* handle, const char* name) {
  return in_context([&] {
    const auto module = state.modules.get(handle);
    if (module == nullptr || name == nullptr) {
      return module == nullptr ? INVALID_HANDLE : INVALID_VALUE;
    }
    const auto entry = module->ptx.entries.find(name);
    if (entry == module->ptx.entries.end()) {
      report("The module has no kernel %s.", name);
      return NOT_FOUND;
    }
    const Kernel* kernel = find_kernel(name);
    if (kernel == nullptr) {
      report("The module has a kernel %s, but the emulated driver was built without it.", name);
      return NOT_FOUND;
    }
    if (!matches(*kernel, entry->second)) {
      return INVALID_IMAGE;
    }
    *function =
        state.functions.add(std::make_shared<Function>(Function{kernel, entry->second, module}));
    return SUCCESS;
  });
}

API int cuModuleGetGlobal_v2(DevicePointer*, size_t*, void*, const char* name) {
  report("The emulated driver knows no global variables of modules, so not %s.", name);
  return NOT_FOUND;
}

API int cuFuncGetAttribute(int* value, int attribute, void* handle) {
  return in_context([&] {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      return INVALID_HANDLE;
    }
    const PtxEntry& entry = function->entry;
    switch (attribute) {
      case 0:  // MAX_THREADS_PER_BLOCK
        *value = entry.max_threads != 0 ? static_cast<int>(entry.max_threads) : 1024;
        return SUCCESS;
      case 1:  // SHARED_SIZE_BYTES
        *value = static_cast<int>(entry.static_shared);
        return SUCCESS;
      case 4:  // NUM_REGS: not known here
        *value = 32;
        return SUCCESS;
      case 5:  // PTX_VERSION
        *value = function->module->ptx.target;
        return SUCCESS;
      case 6:  // BINARY_VERSION
        *value = 10 * settings.major + settings.minor;
        return SUCCESS;
      case 8:  // MAX_DYNAMIC_SHARED_SIZE_BYTES
        *value = std::max(function->max_dynamic_shared,
                          static_cast<int>(SHARED_LIMIT - entry.static_shared));
        return SUCCESS;
      default:
        *value = 0;
        return attribute >= 0 && attribute < 20 ? SUCCESS : INVALID_VALUE;
    }
  });
}

API int cuFuncSetAttribute(void* handle, int attribute, int value) {
  return in_context([&] {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      return INVALID_HANDLE;
    }
    switch (attribute) {
      case 8:  // MAX_DYNAMIC_SHARED_SIZE_BYTES
        if (value < 0 ||
            static_cast<size_t>(value) + function->entry.static_shared > shared_limit_opt_in()) {
          report("%s may have %zu bytes of shared memory at most, and gets %d beside its static "
                 "%zu.",
                 function->kernel->name, shared_limit_opt_in(), value,
                 function->entry.static_shared);
          return INVALID_VALUE;
        }
        function->max_dynamic_shared = value;
        return SUCCESS;
      case 9:  // PREFERRED_SHARED_MEMORY_CARVEOUT: only a hint
        return value >= -1 && value <= 100 ? SUCCESS : INVALID_VALUE;
      default:
        return INVALID_VALUE;
    }
  });
}

API int cuFuncSetCacheConfig(void* handle, int) {
  return in_context([&] {
    return state.functions.get(handle) != nullptr ? SUCCESS : INVALID_HANDLE;
  });
}

API int cuFuncGetModule(void** module, void* handle) {
  return in_context([&] {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      return INVALID_HANDLE;
    }
    *module = function->module.get();
    return SUCCESS;
  });
}

API int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, void* handle, int threads,
                                                             size_t dynamic, unsigned) {
  return in_context([&] {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      return INVALID_HANDLE;
    }
    *blocks = occupancy(*function, threads, dynamic);
    return SUCCESS;
  });
}

API int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads,
                                                    size_t dynamic) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, handle, threads, dynamic, 0);
}

API int cuOccupancyMaxPotentialBlockSizeWithFlags(int* grid, int* block, void* handle,
                                                  size_t (*dynamic_of_block)(int), size_t dynamic,
                                                  int limit, unsigned) {
  return in_context([&] {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      return INVALID_HANDLE;
    }
    int most = function->entry.max_threads != 0 ? static_cast<int>(function->entry.max_threads)
                                                : 1024;
    if (limit > 0) {
      most = std::min(most, limit);
    }
    const size_t shared = dynamic_of_block != nullptr ? dynamic_of_block(most) : dynamic;
    *block = most;
    *grid = settings.multiprocessors * std::max(1, occupancy(*function, most, shared));
    return SUCCESS;
  });
}

API int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, void* handle,
                                         size_t (*dynamic_of_block)(int), size_t dynamic,
                                         int limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(grid, block, handle, dynamic_of_block, dynamic,
                                                   limit, 0);
}

API int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                       unsigned block_x, unsigned block_y, unsigned block_z,
                       unsigned dynamic_shared, void* stream, void** parameters, void** extra) {
  if (settings.null_launches) {
    counts.launches++;
    return SUCCESS;
  }
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto function = state.functions.get(handle);
    if (function == nullptr) {
      report("There is no such function.");
      return INVALID_HANDLE;
    }
    const auto launch = std::make_shared<PreparedLaunch>();
    launch->function = function;
    launch->grid = {grid_x, grid_y, grid_z};
    launch->block = {block_x, block_y, block_z};
    launch->dynamic_shared = dynamic_shared;
    if (const int wrong = check_sizes(*function, launch->grid, launch->block, dynamic_shared)) {
      return wrong;
    }
    if (!copy_arguments(*launch, parameters, extra)) {
      return INVALID_VALUE;
    }
    if (fails_now(settings.fail_launch)) {
      report("The launch of %s fails as it was told to.", function->kernel->name);
      return LAUNCH_OUT_OF_RESOURCES;
    }
    if (in->capture == nullptr) {
      counts.launches++;
    }
    return streams.submit(in, [launch] { return run_launch(*launch); });
  });
}

API int cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return streams.submit(in, [=] {
      function(data);
      return SUCCESS;
    });
  });
}

API int cuStreamAddCallback(void* stream, void (*callback)(void*, int, void*), void* data,
                            unsigned) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return streams.submit(in, [=] {
      callback(stream, SUCCESS, data);
      return SUCCESS;
    });
  });
}

// ---- Memory ----

API int cuMemGetInfo_v2(size_t* available, size_t* total) {
  return in_context([&] {
    *total = device_memory.capacity;
    *available = device_memory.capacity - std::min(device_memory.used(), device_memory.capacity);
    return SUCCESS;
  });
}

API int cuMemAlloc_v2(DevicePointer* address, size_t size) {
  return in_context([&] {
    if (const int refused = streams.refuse_in_capture()) {
      return refused;
    }
    return allocate("cuMemAlloc", address, size);
  });
}

/// Waits for all work first, as drivers do. Frees in a context with an error as well, so that what
/// is left is what nobody freed.
API int cuMemFree_v2(DevicePointer address) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  if (!state.initialized || current_context() == nullptr) {
    return state.initialized ? INVALID_CONTEXT : NOT_INITIALIZED;
  }
  if (address == 0) {
    return streams.error;
  }
  if (const int refused = streams.refuse_in_capture()) {
    return refused;
  }
  const int error = streams.synchronize_all();
  if (!device_memory.free(address)) {
    report("cuMemFree: no allocation begins at 0x%llx.", address);
    return INVALID_VALUE;
  }
  return error;
}

API int cuMemAllocAsync(DevicePointer* address, size_t size, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>&) {
    return allocate("cuMemAllocAsync", address, size);
  });
}

API int cuMemFreeAsync(DevicePointer address, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    if (!check_device_range("cuMemFreeAsync", address, 1)) {
      return INVALID_VALUE;
    }
    return streams.submit(in, [address] {
      return device_memory.free(address) ? SUCCESS : INVALID_VALUE;
    });
  });
}

API int cuMemGetAddressRange_v2(DevicePointer* base, size_t* size, DevicePointer address) {
  return in_context([&] {
    const auto* allocation = device_memory.find(address);
    if (allocation == nullptr) {
      return NOT_FOUND;
    }
    if (base != nullptr) {
      *base = allocation->first;
    }
    if (size != nullptr) {
      *size = allocation->second.size;
    }
    return SUCCESS;
  });
}

API int cuMemHostAlloc(void** pointer, size_t size, unsigned) {
  return in_context([&] { return allocate_pinned("cuMemHostAlloc", pointer, size); });
}

API int cuMemAllocHost_v2(void** pointer, size_t size) {
  return in_context([&] { return allocate_pinned("cuMemAllocHost", pointer, size); });
}

API int cuMemFreeHost(void* pointer) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  const auto range = state.pinned.find(address_of(pointer));
  if (range == state.pinned.end()) {
    report("cuMemFreeHost: no pinned memory begins at %p.", pointer);
    return INVALID_VALUE;
  }
  const int error = streams.synchronize_all();
  unmap_pinned(*range);
  state.pinned.erase(range);
  return error;
}

API int cuMemHostRegister_v2(void* pointer, size_t size, unsigned) {
  return in_context([&] {
    if (pointer == nullptr || size == 0) {
      return INVALID_VALUE;
    }
    if (is_pinned(address_of(pointer), 1)) {
      return HOST_MEMORY_ALREADY_REGISTERED;
    }
    state.registered[address_of(pointer)] = size;
    return SUCCESS;
  });
}

API int cuMemHostUnregister(void* pointer) {
  return in_context([&] {
    const int error = streams.synchronize_all();
    return state.registered.erase(address_of(pointer)) > 0 ? error : HOST_MEMORY_NOT_REGISTERED;
  });
}

API int cuMemHostGetDevicePointer_v2(DevicePointer* address, void* pointer, unsigned) {
  return in_context([&] {
    if (!is_pinned(address_of(pointer), 1)) {
      return INVALID_VALUE;
    }
    *address = address_of(pointer);
    return SUCCESS;
  });
}

API int cuMemcpyHtoD_v2(DevicePointer to, const void* from, size_t size) {
  return blocking([&](const std::shared_ptr<Stream>& stream) {
    return copy_to_device("cuMemcpyHtoD", to, from, size, stream);
  });
}

API int cuMemcpyDtoH_v2(void* to, DevicePointer from, size_t size) {
  return blocking([&](const std::shared_ptr<Stream>& stream) {
    return copy_to_host("cuMemcpyDtoH", to, from, size, stream);
  });
}

/// Does not block the host.
API int cuMemcpyDtoD_v2(DevicePointer to, DevicePointer from, size_t size) {
  return in_context([&] {
    return copy_on_device("cuMemcpyDtoD", to, from, size, streams.legacy);
  });
}

API int cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, size_t size, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return copy_to_device("cuMemcpyHtoDAsync", to, from, size, in);
  });
}

API int cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, size_t size, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return copy_to_host("cuMemcpyDtoHAsync", to, from, size, in);
  });
}

API int cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t size, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return copy_on_device("cuMemcpyDtoDAsync", to, from, size, in);
  });
}

/// Does not block the host.
API int cuMemsetD8_v2(DevicePointer to, unsigned char value, size_t count) {
  return in_context([&] { return fill("cuMemsetD8", to, value, count, streams.legacy); });
}

API int cuMemsetD16_v2(DevicePointer to, unsigned short value, size_t count) {
  return in_context([&] { return fill("cuMemsetD16", to, value, count, streams.legacy); });
}

API int cuMemsetD32_v2(DevicePointer to, unsigned value, size_t count) {
  return in_context([&] { return fill("cuMemsetD32", to, value, count, streams.legacy); });
}

API int cuMemsetD8Async(DevicePointer to, unsigned char value, size_t count, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return fill("cuMemsetD8Async", to, value, count, in);
  });
}

API int cuMemsetD16Async(DevicePointer to, unsigned short value, size_t count, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return fill("cuMemsetD16Async", to, value, count, in);
  });
}

API int cuMemsetD32Async(DevicePointer to, unsigned value, size_t count, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return fill("cuMemsetD32Async", to, value, count, in);
  });
}

// ---- Streams ----

API int cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
  return in_context([&] {
    if (stream == nullptr || flags > 1) {
      return INVALID_VALUE;
    }
    *stream = state.stream_handles.add(streams.create(flags, std::clamp(priority, -5, 0)));
    return SUCCESS;
  });
}

API int cuStreamCreate(void** stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, 0);
}

API int cuStreamDestroy_v2(void* handle) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  const auto stream = state.stream_handles.get(handle);
  if (stream == nullptr) {
    report("cuStreamDestroy: there is no such stream.");
    return INVALID_HANDLE;
  }
  streams.destroy(stream);
  state.stream_handles.remove(handle);
  return streams.error;
}

API int cuStreamSynchronize(void* stream) {
  return in_stream(stream, [](const std::shared_ptr<Stream>& in) {
    return streams.synchronize(in);
  });
}

/// Says that there is work left and does it then, so that who asks again gets on.
API int cuStreamQuery(void* stream) {
  return in_stream(stream, [](const std::shared_ptr<Stream>& in) {
    const bool pending = streams.is_pending(*in);
    const int result = streams.synchronize(in);
    return result == SUCCESS && pending ? NOT_READY : result;
  });
}

API int cuStreamWaitEvent(void* stream, void* handle, unsigned) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.wait(in, event);
  });
}

API int cuStreamGetFlags(void* stream, unsigned* flags) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *flags = in->flags;
    return SUCCESS;
  });
}

API int cuStreamGetPriority(void* stream, int* priority) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *priority = in->priority;
    return SUCCESS;
  });
}

API int cuStreamGetCtx(void* stream, void** context) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>&) {
    *context = current_context();
    return SUCCESS;
  });
}

// ---- Events ----

API int cuEventCreate(void** event, unsigned flags) {
  return in_context([&] {
    if (event == nullptr) {
      return INVALID_VALUE;
    }
    auto created = std::make_shared<Event>();
    created->flags = flags;
    *event = state.events.add(created);
    return SUCCESS;
  });
}

API int cuEventDestroy_v2(void* event) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.events.remove(event) ? streams.error : INVALID_HANDLE;
}

API int cuEventRecordWithFlags(void* handle, void* stream, unsigned) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.record(event, in);
  });
}

API int cuEventRecord(void* event, void* stream) {
  return cuEventRecordWithFlags(event, stream, 0);
}

API int cuEventSynchronize(void* handle) {
  return in_context([&] {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.synchronize(event);
  });
}

/// As cuStreamQuery.
API int cuEventQuery(void* handle) {
  return in_context([&] {
    const auto event = state.events.get(handle);
    if (event == nullptr) {
      return INVALID_HANDLE;
    }
    const bool pending = event->stream != nullptr && !event->done;
    const int result = streams.synchronize(event);
    return result == SUCCESS && pending ? NOT_READY : result;
  });
}

API int cuEventElapsedTime(float* milliseconds, void* from_handle, void* to_handle) {
  return in_context([&] {
    constexpr unsigned DISABLE_TIMING = 2;
    const auto from = state.events.get(from_handle);
    const auto to = state.events.get(to_handle);
    if (from == nullptr || to == nullptr || from->stream == nullptr || to->stream == nullptr ||
        ((from->flags | to->flags) & DISABLE_TIMING) != 0) {
      return INVALID_HANDLE;
    }
    if (!from->done || !to->done) {
      return NOT_READY;
    }
    *milliseconds = static_cast<float>(to->milliseconds - from->milliseconds);
    return SUCCESS;
  });
}

// ---- Graphs ----

API int cuStreamBeginCapture_v2(void* stream, int mode) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return streams.begin_capture(in, mode);
  });
}

API int cuStreamEndCapture(void* stream, void** graph) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *graph = nullptr;
    std::shared_ptr<Graph> captured;
    const int result = streams.end_capture(in, captured);
    if (result == SUCCESS) {
      *graph = state.graphs.add(captured);
    }
    return result;
  });
}

API int cuStreamIsCapturing(void* stream, int* status) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *status = in->capture == nullptr ? 0 : in->capture->invalid ? 2 : 1;
    return SUCCESS;
  });
}

API int cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
  return in_context([&] {
    const auto graph = state.graphs.get(handle);
    if (graph == nullptr || executable == nullptr) {
      return INVALID_VALUE;
    }
    *executable = state.executables.add(std::make_shared<Executable>(Executable{graph->nodes}));
    return SUCCESS;
  });
}

API int cuGraphInstantiate_v2(void** executable, void* graph, void** failed_node, char* log,
                              size_t log_size) {
  if (failed_node != nullptr) {
    *failed_node = nullptr;
  }
  if (log != nullptr && log_size > 0) {
    log[0] = 0;
  }
  return cuGraphInstantiateWithFlags(executable, graph, 0);
}

API int cuGraphUpload(void* executable, void*) {
  return in_context([&] {
    return state.executables.get(executable) != nullptr ? SUCCESS : INVALID_VALUE;
  });
}

API int cuGraphLaunch(void* handle, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto executable = state.executables.get(handle);
    if (executable == nullptr) {
      report("cuGraphLaunch: there is no such graph.");
      return INVALID_VALUE;
    }
    if (fails_now(settings.fail_launch)) {
      report("The launch of a graph fails as it was told to.");
      return LAUNCH_OUT_OF_RESOURCES;
    }
    if (in->capture == nullptr) {
      counts.graph_launches++;
    }
    if (settings.null_launches) {
      return SUCCESS;
    }
    return streams.submit(in, [executable] {
      for (const Work& node : executable->nodes) {
        if (const int result = node()) {
          return result;
        }
      }
      return SUCCESS;
    });
  });
}

API int cuGraphGetNodes(void* handle, void** nodes, size_t* count) {
  return in_context([&] {
    const auto graph = state.graphs.get(handle);
    if (graph == nullptr || nodes != nullptr) {
      return graph == nullptr ? INVALID_VALUE : NOT_SUPPORTED;  // how many there are, only
    }
    *count = graph->nodes.size();
    return SUCCESS;
  });
}

API int cuGraphDestroy(void* graph) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.graphs.remove(graph) ? SUCCESS : INVALID_VALUE;
}

API int cuGraphExecDestroy(void* executable) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.executables.remove(executable) ? SUCCESS : INVALID_VALUE;
}
