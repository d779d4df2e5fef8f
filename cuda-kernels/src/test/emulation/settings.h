// How the emulated driver behaves, what it counts and what it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace emulation {

struct Settings {
  uint64_t order;         // see machine.h
  size_t memory;          // of the device, in bytes
  int driver;             // its version, as 12080 for 12.8
  int major;              // compute capability
  int minor;
  int devices;
  int multiprocessors;
  bool eager;             // work runs when it is submitted
  bool null_launches;     // launches and copies to the device do nothing
  bool late_uploads;      // see cuMemcpyHtoD
  long fail_alloc;        // the how manieth from now fails; 0 for none
  long fail_launch;
  long fail_copy;
};
extern Settings settings __attribute__((visibility("hidden")));

/// Replaces all settings: those not named get their defaults, which the environment variable
/// TAPSCOPE_EMULATOR can change. False, with a report, where the text is wrong; nothing is changed
/// then.
bool configure(const char* text);

/// Counts one of a kind that may be set to fail; whether this one does.
bool fails_now(long& countdown);

struct Counts {
  long launches = 0;        // cuLaunchKernel, outside of captures
  long graph_launches = 0;
  long allocations = 0;     // of the device and pinned ones
  long copies = 0;
  long fills = 0;
  long host_functions = 0;  // outside of captures
  std::map<std::string, long> kernels;  // runs of each, those in graphs as well
};
extern Counts& counts __attribute__((visibility("hidden")));

/// Says a sentence on stderr and keeps it as the last report.
void report(const char* format, ...) __attribute__((format(printf, 1, 2)));
const char* last_report();

}  // namespace emulation
