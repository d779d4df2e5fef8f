// What the emulated driver reads of a module's PTX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace emulation {

struct PtxEntry {
  std::vector<uint32_t> parameter_sizes;
  size_t static_shared = 0;
  unsigned max_threads = 0;  // of .maxntid; 0 where there is none
};

struct Ptx {
  int version = 0;  // 80 for 8.0
  int target = 0;   // 90 for sm_90
  bool exact_target = false;  // sm_90a: for that one only
  std::map<std::string, PtxEntry> entries;
};

/// Reads a module; false where the text is no PTX.
bool read_ptx(const char* text, Ptx& ptx);

}  // namespace emulation
