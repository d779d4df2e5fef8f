// Modules, functions and launches.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "memory.h"
#include "state.h"

using namespace emulation;

namespace {

/// The newest PTX that a driver takes, as 87 for 8.7: CUDA 11.x knows 7.x, 12.x 8.x (of which 12.5
/// and 12.6 share one), 13.x 9.x.
int supported_ptx(int driver) {
  const int major = driver / 1000;
  const int minor = driver % 1000 / 10;
  return 10 * (major - 4) + (major == 12 && minor > 5 ? minor - 1 : minor);
}

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

int occupancy(const Function& function, int threads, size_t dynamic) {
  if (threads <= 0 || threads > 1024) {
    return 0;
  }
  const size_t shared = dynamic + function.entry.static_shared + 1024;
  const size_t by_shared = shared_of_multiprocessor() / shared;
  const int warps = (threads + 31) / 32;
  return std::min({32, threads_of_multiprocessor() / (32 * warps), static_cast<int>(by_shared)});
}

}  // namespace

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
    if (in->capture == nullptr) {
      counts.host_functions++;
    }
    if (settings.null_launches) {
      return SUCCESS;
    }
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
