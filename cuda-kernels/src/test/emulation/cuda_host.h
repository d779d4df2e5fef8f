// CUDA C++ for g++: what tapscope.cuh includes in place of nvcc's own environment, so that the text
// of a kernel runs on a CPU.
//
// Each CUDA thread of a block is a fiber with a stack of its own (machine.cpp); blocks of a grid
// run one after another. A thread runs until it meets others (a barrier, a warp's exchange) and
// waits there; who runs next follows the configured order. There is no true concurrency: what needs
// two threads at the same instant stays unseen. What is seen: missing barriers and waits, wrong
// masks, threads that wait for each other for ever, uninitialised shared memory, addresses outside
// of memory.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __forceinline__ inline __attribute__((always_inline))
#ifdef TAPSCOPE_EMULATION
// In kernels only, and behind all headers of the library, which use the same word in another way.
#define __noinline__ __attribute__((noinline))
#endif

// One block runs at a time, so its shared memory can be static. The Makefile collects all of a
// file's in one section, which is filled with 0xFF before each block.
#define __shared__ static

// ---- Vector types, as CUDA declares them ----

struct uint3 { unsigned x, y, z; };
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

#define TAPSCOPE_VECTOR_2(type, name) \
  struct alignas(2 * sizeof(type)) name { type x, y; }; \
  inline name make_##name(type x, type y) { return {x, y}; }
#define TAPSCOPE_VECTOR_4(type, name, alignment) \
  struct alignas(alignment) name { type x, y, z, w; }; \
  inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }

TAPSCOPE_VECTOR_2(float, float2)
TAPSCOPE_VECTOR_2(int, int2)
TAPSCOPE_VECTOR_2(unsigned, uint2)
TAPSCOPE_VECTOR_2(unsigned short, ushort2)
TAPSCOPE_VECTOR_2(double, double2)
TAPSCOPE_VECTOR_2(long long, longlong2)
TAPSCOPE_VECTOR_2(unsigned long long, ulonglong2)
TAPSCOPE_VECTOR_4(float, float4, 16)
TAPSCOPE_VECTOR_4(int, int4, 16)
TAPSCOPE_VECTOR_4(unsigned, uint4, 16)
TAPSCOPE_VECTOR_4(unsigned short, ushort4, 8)
TAPSCOPE_VECTOR_4(unsigned char, uchar4, 4)
#undef TAPSCOPE_VECTOR_2
#undef TAPSCOPE_VECTOR_4

inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }

// ---- The machine below ----

namespace emulation {

/// A place in the text of a kernel. Only its address in the text counts: a loop that the compiler
/// unrolled stays one place.
struct Site {
  const char* file;
  int line;
  bool operator==(const Site& other) const {
    return line == other.line && (file == other.file || std::strcmp(file, other.file) == 0);
  }
};

/// What a thread waits for.
struct Waiting {
  const char* what;
  Site site;
  uint32_t mask;  // of a warp's exchange; 0 in a barrier of the block
};

/// What one lane gives to the others of its warp in an exchange.
struct Slot {
  alignas(16) unsigned char bytes[48];

  template <class T>
  T as(size_t index = 0) const {
    T value;
    std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
    return value;
  }
};

struct AsyncCopy {
  void* to;
  const void* from;  // null: zeros
  uint64_t group;
};

struct Warp;

/// A CUDA thread.
struct Thread {
  void* stack_pointer;  // while it does not run
  unsigned char* stack;
  uint3 index;
  unsigned lane;
  Warp* warp;
  unsigned position;  // in the order in which threads run
  bool exited;
  Waiting waiting;
  std::vector<AsyncCopy> copies;  // started, not yet arrived
  uint64_t copy_group;            // the one that the next copy belongs to
};

/// What kernels read of the block that runs.
struct Running {
  Thread* thread;
  uint3 block_index;
  dim3 block;
  dim3 grid;
};
extern Running running __attribute__((visibility("hidden")));

struct Meeting {
  int sum;      // of the values that the threads came with
  int threads;  // that came
};

/// Waits for all threads of the block that have not exited.
Meeting meet(const char* what, int value, Site site);

/// Waits for all lanes of `mask`; what each of them gave, by lane, until the next exchange.
const Slot* exchange(uint32_t mask, const void* given, size_t bytes, const char* what, Site site);

/// Ends the kernel with this as its error.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

void* dynamic_shared();

void copy_async_16(void* shared, const void* global, bool valid);
void copy_async_commit();
void copy_async_wait(unsigned pending);

void mma_f16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

/// Fails unless `row` is 16 aligned bytes in the block's shared memory.
void check_matrix_row(const void* row);

template <int matrices, bool transposed>
inline void load_matrix(uint32_t (&to)[matrices], const void* row) {
  const unsigned lane = running.thread->lane;
  if (lane < 8u * matrices) {
    check_matrix_row(row);
  }
  // The rows are read here, by their owners, as of the moment when the whole warp has come: lanes
  // exchange addresses first, then read.
  const Slot* rows = exchange(0xffffffffu, &row, sizeof row, "ldmatrix", {__FILE__, __LINE__});
  const unsigned group = lane / 4;
  const unsigned pair = 2 * (lane % 4);
  for (unsigned m = 0; m < matrices; m++) {
    uint16_t low;
    uint16_t high;
    if (transposed) {
      low = rows[8 * m + pair].as<const uint16_t*>()[group];
      high = rows[8 * m + pair + 1].as<const uint16_t*>()[group];
    } else {
      const uint16_t* values = rows[8 * m + group].as<const uint16_t*>();
      low = values[pair];
      high = values[pair + 1];
    }
    to[m] = static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
  }
  // No lane may go on and overwrite the rows before all have read.
  exchange(0xffffffffu, nullptr, 0, "ldmatrix", {__FILE__, __LINE__});
}

template <class To, class From>
inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// Rounds to the nearest half, ties to even.
inline uint16_t half_bits(float value) {
  const uint32_t bits = bits_as<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return 0x7fff;  // what the device makes of any NaN
  }
  if (magnitude >= 0x477ff000u) {  // 65520: rounds to 65536, which is too large
    return static_cast<uint16_t>(sign | 0x7c00u);
  }
  uint32_t significand;
  uint32_t dropped;  // bits at the end of the significand
  uint32_t exponent;
  if (magnitude >= 0x38800000u) {  // 2^-14: normal
    significand = magnitude & 0x7fffffu;
    exponent = (magnitude >> 23) - 112;
    dropped = 13;
  } else if (magnitude >= 0x33000000u) {  // 2^-25: half of the smallest subnormal
    significand = (magnitude & 0x7fffffu) | 0x800000u;
    exponent = 0;
    dropped = 126 - (magnitude >> 23);
  } else {
    return static_cast<uint16_t>(sign);
  }
  uint32_t half = exponent << 10 | significand >> dropped;
  const uint32_t rest = significand & ((1u << dropped) - 1);
  const uint32_t tie = 1u << (dropped - 1);
  if (rest > tie || (rest == tie && (half & 1) != 0)) {
    half++;  // a carry out of the significand gives the next exponent, as it should
  }
  return static_cast<uint16_t>(sign | half);
}

inline float half_value(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t significand = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(significand), -24);
    return bits_as<float>(sign | bits_as<uint32_t>(magnitude));
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return bits_as<float>(sign | wide << 23 | significand << 13);
}

}  // namespace emulation

// ---- What nvcc knows by itself ----

#define threadIdx (::emulation::running.thread->index)
#define blockIdx (::emulation::running.block_index)
#define blockDim (::emulation::running.block)
#define gridDim (::emulation::running.grid)
constexpr int warpSize = 32;

// The last parameters are the place of the call; callers leave them out.
#define TAPSCOPE_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(TAPSCOPE_SITE) { emulation::meet("__syncthreads", 0, {file, line}); }
inline int __syncthreads_count(int predicate, TAPSCOPE_SITE) {
  return emulation::meet("__syncthreads_count", predicate != 0, {file, line}).sum;
}
inline int __syncthreads_or(int predicate, TAPSCOPE_SITE) {
  return emulation::meet("__syncthreads_or", predicate != 0, {file, line}).sum != 0;
}
inline int __syncthreads_and(int predicate, TAPSCOPE_SITE) {
  const auto all = emulation::meet("__syncthreads_and", predicate != 0, {file, line});
  return all.sum == all.threads;
}

inline void __syncwarp(unsigned mask = 0xffffffffu, TAPSCOPE_SITE) {
  emulation::exchange(mask, nullptr, 0, "__syncwarp", {file, line});
}

namespace emulation {

inline unsigned ballot(unsigned mask, int predicate, const char* what, Site site) {
  const bool given = predicate != 0;
  const Slot* slots = exchange(mask, &given, sizeof given, what, site);
  unsigned result = 0;
  for (int lane = 0; lane < 32; lane++) {
    if ((mask >> lane & 1) != 0 && slots[lane].as<bool>()) {
      result |= 1u << lane;
    }
  }
  return result;
}

template <class T>
inline T shuffle(unsigned mask, T value, int from, const char* what, Site site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  const Slot* slots = exchange(mask, &value, sizeof value, what, site);
  if ((mask >> from & 1) == 0) {
    fail("(lane %u) reads lane %d in %s at line %d, which is not in the mask %08x",
         running.thread->lane, from, what, site.line, mask);
  }
  return slots[from].as<T>();
}

/// The device takes widths of 1, 2, 4, 8, 16 and 32 only.
inline int first_lane(int width) { return static_cast<int>(running.thread->lane) & ~(width - 1); }

}  // namespace emulation

inline unsigned __ballot_sync(unsigned mask, int predicate, TAPSCOPE_SITE) {
  return emulation::ballot(mask, predicate, "__ballot_sync", {file, line});
}
inline int __any_sync(unsigned mask, int predicate, TAPSCOPE_SITE) {
  return emulation::ballot(mask, predicate, "__any_sync", {file, line}) != 0;
}
inline int __all_sync(unsigned mask, int predicate, TAPSCOPE_SITE) {
  return emulation::ballot(mask, predicate, "__all_sync", {file, line}) == mask;
}

template <class T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32, TAPSCOPE_SITE) {
  const int from = emulation::first_lane(width) | (source & (width - 1));
  return emulation::shuffle(mask, value, from, "__shfl_sync", {file, line});
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, TAPSCOPE_SITE) {
  const int lane = static_cast<int>(emulation::running.thread->lane);
  int from = lane ^ bits;
  if (from >= emulation::first_lane(width) + width) {
    from = lane;
  }
  return emulation::shuffle(mask, value, from, "__shfl_xor_sync", {file, line});
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32,
                          TAPSCOPE_SITE) {
  const unsigned lane = emulation::running.thread->lane;
  const unsigned end = static_cast<unsigned>(emulation::first_lane(width) + width);
  const unsigned from = lane + distance < end ? lane + distance : lane;
  return emulation::shuffle(mask, value, static_cast<int>(from), "__shfl_down_sync", {file, line});
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, TAPSCOPE_SITE) {
  const unsigned lane = emulation::running.thread->lane;
  const unsigned first = static_cast<unsigned>(emulation::first_lane(width));
  const unsigned from = lane >= first + distance ? lane - distance : lane;
  return emulation::shuffle(mask, value, static_cast<int>(from), "__shfl_up_sync", {file, line});
}

#undef TAPSCOPE_SITE

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
[[noreturn]] inline void __trap() { emulation::fail("calls __trap"); }

// Atomics, of integers only: a sum of floats in an order that nobody chose is not reproducible.
#define TAPSCOPE_ATOMIC(type, name, expression) \
  inline type name(type* address, type value) { \
    const type old = *address; \
    *address = (expression); \
    return old; \
  }
#define TAPSCOPE_ATOMICS(type) \
  TAPSCOPE_ATOMIC(type, atomicAdd, old + value) \
  TAPSCOPE_ATOMIC(type, atomicMax, old < value ? value : old) \
  TAPSCOPE_ATOMIC(type, atomicMin, value < old ? value : old) \
  TAPSCOPE_ATOMIC(type, atomicAnd, old & value) \
  TAPSCOPE_ATOMIC(type, atomicOr, old | value) \
  TAPSCOPE_ATOMIC(type, atomicXor, old ^ value) \
  TAPSCOPE_ATOMIC(type, atomicExch, value) \
  inline type atomicCAS(type* address, type expected, type value) { \
    const type old = *address; \
    if (old == expected) { \
      *address = value; \
    } \
    return old; \
  }
TAPSCOPE_ATOMICS(int)
TAPSCOPE_ATOMICS(unsigned)
TAPSCOPE_ATOMICS(unsigned long long)
TAPSCOPE_ATOMIC(int, atomicSub, old - value)
TAPSCOPE_ATOMIC(unsigned, atomicSub, old - value)
TAPSCOPE_ATOMIC(long long, atomicMax, old < value ? value : old)
TAPSCOPE_ATOMIC(long long, atomicMin, value < old ? value : old)
#undef TAPSCOPE_ATOMICS
#undef TAPSCOPE_ATOMIC

// Bits.
inline int __popc(unsigned value) { return __builtin_popcount(value); }
inline int __popcll(unsigned long long value) { return __builtin_popcountll(value); }
inline int __ffs(int value) { return __builtin_ffs(value); }
inline int __ffsll(long long value) { return __builtin_ffsll(value); }
inline int __clz(int value) {
  return value == 0 ? 32 : __builtin_clz(static_cast<unsigned>(value));
}
inline int __clzll(long long value) {
  return value == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(value));
}
inline unsigned __brev(unsigned value) {
  unsigned reversed = 0;
  for (int i = 0; i < 32; i++) {
    reversed |= (value >> i & 1) << (31 - i);
  }
  return reversed;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}

// The same bits as another type.
inline unsigned __float_as_uint(float value) { return emulation::bits_as<unsigned>(value); }
inline int __float_as_int(float value) { return emulation::bits_as<int>(value); }
inline float __uint_as_float(unsigned bits) { return emulation::bits_as<float>(bits); }
inline float __int_as_float(int bits) { return emulation::bits_as<float>(bits); }
inline long long __double_as_longlong(double value) {
  return emulation::bits_as<long long>(value);
}
inline double __longlong_as_double(long long bits) { return emulation::bits_as<double>(bits); }

// Numbers. Compiled with -ffp-contract=off, so plain operators round each on its own, too.
using std::isfinite;
using std::isinf;
using std::isnan;
using std::signbit;
inline float rsqrtf(float value) { return 1.0f / std::sqrt(value); }
inline double rsqrt(double value) { return 1.0 / std::sqrt(value); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline float __int2float_rn(int value) { return static_cast<float>(value); }
inline float __uint2float_rn(unsigned value) { return static_cast<float>(value); }
inline float __double2float_rn(double value) { return static_cast<float>(value); }

// Conversions to int saturate on the device.
inline int __float2int_rz(float value) {
  if (std::isnan(value)) {
    return 0;
  }
  return value >= 2147483648.0f    ? INT32_MAX
         : value <= -2147483648.0f ? INT32_MIN
                                   : static_cast<int>(value);
}
inline int __float2int_rn(float value) { return __float2int_rz(std::nearbyint(value)); }
inline int __float2int_rd(float value) { return __float2int_rz(std::floor(value)); }
inline int __float2int_ru(float value) { return __float2int_rz(std::ceil(value)); }

// Where one operand is unsigned the comparison is, as on the device.
#define TAPSCOPE_MIN_MAX(type, left, right) \
  inline type min(left a, right b) { \
    return static_cast<type>(b) < static_cast<type>(a) ? static_cast<type>(b) \
                                                       : static_cast<type>(a); \
  } \
  inline type max(left a, right b) { \
    return static_cast<type>(a) < static_cast<type>(b) ? static_cast<type>(b) \
                                                       : static_cast<type>(a); \
  }
TAPSCOPE_MIN_MAX(int, int, int)
TAPSCOPE_MIN_MAX(unsigned, unsigned, unsigned)
TAPSCOPE_MIN_MAX(unsigned, int, unsigned)
TAPSCOPE_MIN_MAX(unsigned, unsigned, int)
TAPSCOPE_MIN_MAX(long, long, long)
TAPSCOPE_MIN_MAX(unsigned long, unsigned long, unsigned long)
TAPSCOPE_MIN_MAX(unsigned long, long, unsigned long)
TAPSCOPE_MIN_MAX(unsigned long, unsigned long, long)
TAPSCOPE_MIN_MAX(long long, long long, long long)
TAPSCOPE_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
#undef TAPSCOPE_MIN_MAX
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }

// Loads and stores with a hint for the caches.
template <class T>
inline T __ldg(const T* address) { return *address; }
template <class T>
inline T __ldca(const T* address) { return *address; }
template <class T>
inline T __ldcg(const T* address) { return *address; }
template <class T>
inline T __ldcs(const T* address) { return *address; }
template <class T>
inline void __stcg(T* address, T value) { *address = value; }
template <class T>
inline void __stcs(T* address, T value) { *address = value; }
