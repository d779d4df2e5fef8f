// What the kernels of Tapscope see of the machine: the only header that a .cu file includes.
//
// A kernel is compiled twice from the same text: by nvcc for the device, and by g++ (which defines
// TAPSCOPE_EMULATION) for the emulated driver that runs the tests on a CPU. Every asm statement of
// the project stands in this file, each with its host twin, so that a kernel itself is plain C++.
//
// Rules for kernels, so that both compilers agree on them:
//  - entry points are `extern "C" __global__ void name(...)` at file level, each name once in the
//    project; helper functions are `static __device__` (or in an unnamed namespace);
//  - nothing beyond compute capability 8.0 and PTX ISA 8.0, no CUDA headers, no float atomics;
//  - neither compiler fuses a multiplication with an addition on its own: write fmaf where it is
//    meant;
//  - a mask given to a *_sync function names exactly the lanes that call it, and threads of a block
//    meet in the same __syncthreads of the text.
#pragma once

#include <cstdint>

#ifdef TAPSCOPE_EMULATION
#include "cuda_host.h"
#endif

/// The mask of a whole warp.
constexpr unsigned FULL_WARP = 0xffffffffu;

/// Declares `name` as a pointer to the dynamic shared memory of the block, aligned to 16 bytes.
/// All uses in a block see the same memory.
#ifdef TAPSCOPE_EMULATION
#define DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(emulation::dynamic_shared())
#else
extern __shared__ uint4 tapscope_dynamic_shared[];
#define DYNAMIC_SHARED(type, name) \
  type* const name = reinterpret_cast<type*>(tapscope_dynamic_shared)
#endif

// ---- fp16: IEEE half precision in its 16 bits ----

/// The nearest half, ties to even; infinity from 65520 on, subnormals kept. Any NaN gives a NaN.
static __device__ __forceinline__ uint16_t half_bits(float value) {
#ifdef TAPSCOPE_EMULATION
  return emulation::half_bits(value);
#else
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#endif
}

/// The value of a half; exact.
static __device__ __forceinline__ float half_value(uint16_t bits) {
#ifdef TAPSCOPE_EMULATION
  return emulation::half_value(bits);
#else
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
#endif
}

/// Two halves in a register, the one with the lower address (or column) in the lower bits.
static __device__ __forceinline__ uint32_t pack_halves(uint16_t low, uint16_t high) {
  return static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
}

// ---- Tensor cores ----
//
// In the following, group = lane / 4 and pair = 2 * (lane % 4).

/// C += A B for a 16 x 16 A and a 16 x 8 B of halves and a 16 x 8 C of floats, by a whole warp.
/// A lane holds, lower half first:
///   a[0] = A[group][pair, pair + 1]          a[1] = A[group + 8][pair, pair + 1]
///   a[2] = A[group][pair + 8, pair + 9]      a[3] = A[group + 8][pair + 8, pair + 9]
///   b[0] = B[pair, pair + 1][group]          b[1] = B[pair + 8, pair + 9][group]
///   c[0], c[1] = C[group][pair, pair + 1]    c[2], c[3] = C[group + 8][pair, pair + 1]
static __device__ __forceinline__ void mma_f16(float (&c)[4], const uint32_t (&a)[4],
                                               const uint32_t (&b)[2]) {
#ifdef TAPSCOPE_EMULATION
  emulation::mma_f16(c, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

#ifndef TAPSCOPE_EMULATION
static __device__ __forceinline__ uint32_t shared_address(const void* shared) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}
#endif

/// Loads four 8 x 8 matrices of halves from shared memory, by a whole warp. Lane 8 m + r gives the
/// address of row r of matrix m (16 bytes, aligned to 16); a lane gets in to[m] the two halves
/// [group][pair, pair + 1] of matrix m. With the four quarters of a 16 x 16 A in the order
/// upper left, lower left, upper right, lower right, `to` is the a of mma_f16.
static __device__ __forceinline__ void load_matrix_x4(uint32_t (&to)[4], const void* shared_row) {
#ifdef TAPSCOPE_EMULATION
  emulation::load_matrix<4, false>(to, shared_row);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(shared_address(shared_row))
               : "memory");
#endif
}

/// As load_matrix_x4 for two matrices; the addresses of lanes 16 to 31 are not used (but must be
/// addresses in shared memory).
static __device__ __forceinline__ void load_matrix_x2(uint32_t (&to)[2], const void* shared_row) {
#ifdef TAPSCOPE_EMULATION
  emulation::load_matrix<2, false>(to, shared_row);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(shared_address(shared_row))
               : "memory");
#endif
}

/// As load_matrix_x4 with each matrix transposed: to[m] holds [pair, pair + 1][group] of matrix m.
static __device__ __forceinline__ void load_matrix_x4_transposed(uint32_t (&to)[4],
                                                                 const void* shared_row) {
#ifdef TAPSCOPE_EMULATION
  emulation::load_matrix<4, true>(to, shared_row);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(shared_address(shared_row))
               : "memory");
#endif
}

/// As load_matrix_x2 with each matrix transposed.
static __device__ __forceinline__ void load_matrix_x2_transposed(uint32_t (&to)[2],
                                                                 const void* shared_row) {
#ifdef TAPSCOPE_EMULATION
  emulation::load_matrix<2, true>(to, shared_row);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(shared_address(shared_row))
               : "memory");
#endif
}

// ---- Asynchronous copies from global into shared memory ----

/// Starts to copy 16 bytes (both addresses aligned to 16); writes 16 zeros where not `valid`, and
/// then does not read `global`. The bytes are there for this thread after the copy_async_wait that
/// covers them, and for other threads after a barrier behind it. They may appear at any time from
/// now on, so whoever still reads what stood there must be behind a barrier before this.
static __device__ __forceinline__ void copy_async_16(void* shared, const void* global,
                                                     bool valid) {
#ifdef TAPSCOPE_EMULATION
  emulation::copy_async_16(shared, global, valid);
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(shared_address(shared)), "l"(__cvta_generic_to_global(global)),
                 "r"(valid ? 16 : 0)
               : "memory");
#endif
}

/// Ends a group: the copies that this thread started since the last commit (maybe none).
static __device__ __forceinline__ void copy_async_commit() {
#ifdef TAPSCOPE_EMULATION
  emulation::copy_async_commit();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits until at most `pending` groups of this thread, the latest ones, are still on their way.
template <int pending>
static __device__ __forceinline__ void copy_async_wait() {
#ifdef TAPSCOPE_EMULATION
  emulation::copy_async_wait(pending);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}
