// The device's memory: ranges of the process's own, each between pages that nobody may touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace emulation {

struct Allocation {
  size_t size;
  uint64_t number;  // how many were made before
};

class DeviceMemory {
 public:
  /// The address of new memory, filled with 0xFF (where `poison`); 0 where the device has not that
  /// much left.
  uintptr_t allocate(size_t size, bool poison);

  /// False where no allocation begins at that address.
  bool free(uintptr_t address);
  void free_all();

  /// Whether an allocation holds all these bytes.
  bool contains(uintptr_t address, size_t size) const;

  /// Whether an allocation holds that address or ends there, so that a pointer to it may be passed.
  bool touches(uintptr_t address) const;

  /// The allocation that holds an address, as its begin and itself; null where none does.
  const std::pair<const uintptr_t, Allocation>* find(uintptr_t address) const;

  /// Looks at the bytes between each allocation and its guard pages; empty where all are intact,
  /// otherwise a sentence on who wrote there.
  std::string check_margins();

  std::string describe(uintptr_t address) const;

  size_t capacity = 0;
  size_t used() const { return used_; }
  size_t count() const { return allocations_.size(); }

 private:
  uintptr_t find_room(size_t bytes);

  std::map<uintptr_t, Allocation> allocations_;
  uintptr_t arena_ = 0;
  uintptr_t next_ = 0;
  size_t used_ = 0;
  uint64_t made_ = 0;
};

extern DeviceMemory& device_memory __attribute__((visibility("hidden")));

}  // namespace emulation
