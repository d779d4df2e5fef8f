// Memory of the device and of the host, copies, and filling.

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <sys/mman.h>

#include "memory.h"
#include "state.h"

namespace emulation {

static constexpr size_t PAGE = 4096;

static size_t whole_pages(size_t size) { return (size + PAGE - 1) / PAGE * PAGE; }

void unmap_pinned(const std::pair<const uintptr_t, size_t>& range) {
  munmap(reinterpret_cast<void*>(range.first), whole_pages(range.second));
}

static bool holds(const std::map<uintptr_t, size_t>& ranges, uintptr_t address, size_t size) {
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

}  // namespace emulation

using namespace emulation;

namespace {

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
  if (settings.null_launches) {
    return SUCCESS;
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
  counts.fills++;
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

}  // namespace

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

/// Of pageable memory it may return when the bytes are in the driver's buffer, and not yet in the
/// device's memory: the default stream and those that wait for it see them, others only after
/// somebody has waited. It hardly ever happens; the setting late-uploads makes it happen always.
API int cuMemcpyHtoD_v2(DevicePointer to, const void* from, size_t size) {
  if (!settings.late_uploads || is_pinned(address_of(from), size)) {
    return blocking([&](const std::shared_ptr<Stream>& stream) {
      return copy_to_device("cuMemcpyHtoD", to, from, size, stream);
    });
  }
  return in_context([&] {
    if (const int refused = streams.refuse_in_capture()) {
      return refused;
    }
    if (const int failed = streams.synchronize_default()) {
      return failed;
    }
    return copy_to_device("cuMemcpyHtoD", to, from, size, streams.legacy);
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
