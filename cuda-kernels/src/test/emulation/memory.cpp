#include "memory.h"

#include <cstdio>
#include <cstring>
#include <iterator>
#include <new>

#include <sys/mman.h>

#include "immortal.h"
#include "machine.h"

namespace emulation {

static Immortal<DeviceMemory> immortal_memory;
DeviceMemory& device_memory = immortal_memory.value;

namespace {

constexpr size_t PAGE = 4096;
constexpr size_t ALIGNMENT = 256;  // what the driver promises

// Addresses only; pages get memory when they are handed out. Far more than a device has, so that
// addresses of freed memory stay dead for long.
constexpr size_t ARENA = size_t{1} << 38;

constexpr unsigned char POISON = 0xFF;

size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

/// The pages of an allocation; it stands at their end (up to the alignment), so that an overrun
/// meets the guard page behind.
uintptr_t first_page(uintptr_t address) { return address / PAGE * PAGE; }
uintptr_t end_page(uintptr_t address, size_t size) {
  return round_up(address + round_up(size, ALIGNMENT), PAGE);
}

/// The first byte that is not poison; `end` where all are.
uintptr_t first_written(uintptr_t begin, uintptr_t end) {
  for (uintptr_t at = begin; at < end; at++) {
    if (*reinterpret_cast<const unsigned char*>(at) != POISON) {
      return at;
    }
  }
  return end;
}

std::string describe_allocation(const std::pair<const uintptr_t, Allocation>& allocation) {
  return "allocation " + std::to_string(allocation.second.number) + " of " +
         std::to_string(allocation.second.size) + " bytes";
}

}  // namespace

/// Next fit: goes on behind the last allocation, around the end of the arena.
uintptr_t DeviceMemory::find_room(size_t bytes) {
  for (int round = 0; round < 2; round++) {
    auto behind = allocations_.lower_bound(next_);
    uintptr_t room = next_;
    while (room + bytes + PAGE <= arena_ + ARENA) {
      if (behind == allocations_.end() || room + bytes + PAGE <= first_page(behind->first)) {
        next_ = room + bytes + PAGE;
        return room;
      }
      room = end_page(behind->first, behind->second.size) + PAGE;
      ++behind;
    }
    next_ = arena_ + PAGE;
  }
  return 0;
}

uintptr_t DeviceMemory::allocate(size_t size, bool poison) {
  if (arena_ == 0) {
    void* arena = mmap(nullptr, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                       0);
    if (arena == MAP_FAILED) {
      throw std::bad_alloc();
    }
    arena_ = reinterpret_cast<uintptr_t>(arena);
    next_ = arena_ + PAGE;
  }
  if (size > capacity || used_ > capacity - size) {
    return 0;
  }
  const size_t bytes = round_up(size, PAGE);
  const uintptr_t room = find_room(bytes);
  if (room == 0 ||
      mprotect(reinterpret_cast<void*>(room), bytes, PROT_READ | PROT_WRITE) != 0) {
    return 0;
  }
  const uintptr_t address = room + bytes - round_up(size, ALIGNMENT);
  if (poison) {
    memset(reinterpret_cast<void*>(room), POISON, bytes);
  } else {
    // The margins always hold poison: check_margins looks for it.
    memset(reinterpret_cast<void*>(room), POISON, address - room);
    memset(reinterpret_cast<void*>(address + size), POISON, room + bytes - address - size);
  }
  allocations_[address] = {size, made_++};
  used_ += size;
  return address;
}

bool DeviceMemory::free(uintptr_t address) {
  const auto allocation = allocations_.find(address);
  if (allocation == allocations_.end()) {
    return false;
  }
  const uintptr_t begin = first_page(address);
  const size_t bytes = end_page(address, allocation->second.size) - begin;
  // Mapping anew gives the memory back and leaves addresses that nobody may touch.
  mmap(reinterpret_cast<void*>(begin), bytes, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  used_ -= allocation->second.size;
  allocations_.erase(allocation);
  return true;
}

void DeviceMemory::free_all() {
  while (!allocations_.empty()) {
    free(allocations_.begin()->first);
  }
}

const std::pair<const uintptr_t, Allocation>* DeviceMemory::find(uintptr_t address) const {
  auto behind = allocations_.upper_bound(address);
  if (behind == allocations_.begin()) {
    return nullptr;
  }
  --behind;
  return address - behind->first < behind->second.size ? &*behind : nullptr;
}

bool DeviceMemory::contains(uintptr_t address, size_t size) const {
  const auto* allocation = find(address);
  return allocation != nullptr &&
         size <= allocation->second.size - (address - allocation->first);
}

bool DeviceMemory::touches(uintptr_t address) const {
  auto behind = allocations_.upper_bound(address);
  return behind != allocations_.begin() &&
         address - (--behind)->first <= behind->second.size;
}

std::string DeviceMemory::check_margins() {
  for (const auto& allocation : allocations_) {
    const uintptr_t begin = allocation.first;
    const uintptr_t end = begin + allocation.second.size;
    const uintptr_t before = first_written(first_page(begin), begin);
    if (before < begin) {
      return "writes " + std::to_string(begin - before) + " bytes before " +
             describe_allocation(allocation);
    }
    const uintptr_t last = end_page(begin, allocation.second.size);
    const uintptr_t behind = first_written(end, last);
    if (behind < last) {
      return "writes " + std::to_string(behind - end) + " bytes behind the end of " +
             describe_allocation(allocation);
    }
  }
  return "";
}

std::string DeviceMemory::describe(uintptr_t address) const {
  char hex[32];
  snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(address));
  const std::string touches = std::string("touches ") + hex + ", ";
  if (address < arena_ || address >= arena_ + ARENA) {
    return touches + "which is no address of device memory";
  }
  auto behind = allocations_.upper_bound(address);
  std::string text;
  if (behind != allocations_.begin()) {
    auto before = std::prev(behind);
    text = std::to_string(address - before->first - before->second.size) +
           " bytes behind the end of " + describe_allocation(*before);
  }
  if (behind != allocations_.end()) {
    text += (text.empty() ? "" : " and ") + std::to_string(behind->first - address) +
            " bytes before " + describe_allocation(*behind);
  }
  return touches + (text.empty() ? "where no memory is allocated any more" : text);
}

std::string describe_address(uintptr_t address) { return device_memory.describe(address); }

}  // namespace emulation
