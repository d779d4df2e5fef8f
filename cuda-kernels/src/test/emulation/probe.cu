// Kernels that try the emulated driver itself; no part of the product. Some of them are wrong on
// purpose.
#include "tapscope.cuh"

// ---- Right ones ----

// One block: to[i] = from[n - 1 - i], through shared memory.
extern "C" __global__ void probe_reverse(const float* from, float* to, int n) {
  DYNAMIC_SHARED(float, values);
  const int i = static_cast<int>(threadIdx.x);
  if (i < n) {
    values[i] = from[i];
  }
  __syncthreads();
  if (i < n) {
    to[i] = values[n - 1 - i];
  }
}

// Sums from the begin of each warp up to each element.
extern "C" __global__ void __launch_bounds__(256) probe_warp_scan(const int* from, int* to) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned lane = threadIdx.x % 32;
  int sum = from[i];
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const int before = __shfl_up_sync(FULL_WARP, sum, distance);
    if (lane >= distance) {
      sum += before;
    }
  }
  to[i] = sum;
}

// One warp: C (16 x 8 floats) = A (16 x 16 halves, row after row) B (16 x 8, column after column),
// with A by ldmatrix.
extern "C" __global__ void probe_mma(const uint16_t* a, const uint16_t* b, float* c) {
  __shared__ __align__(16) uint16_t tile[16 * 16];
  const unsigned lane = threadIdx.x;
  for (unsigned i = lane; i < 16 * 16; i += 32) {
    tile[i] = a[i];
  }
  __syncwarp();
  uint32_t left[4];
  load_matrix_x4(left, tile + lane % 16 * 16 + lane / 16 * 8);
  const unsigned group = lane / 4;
  const unsigned pair = 2 * (lane % 4);
  const uint32_t right[2] = {
      pack_halves(b[group * 16 + pair], b[group * 16 + pair + 1]),
      pack_halves(b[group * 16 + pair + 8], b[group * 16 + pair + 9])};
  float sum[4] = {0, 0, 0, 0};
  mma_f16(sum, left, right);
  c[group * 8 + pair] = sum[0];
  c[group * 8 + pair + 1] = sum[1];
  c[(group + 8) * 8 + pair] = sum[2];
  c[(group + 8) * 8 + pair + 1] = sum[3];
}

// One warp: the 8 x 8 matrix of halves transposed by ldmatrix.
extern "C" __global__ void probe_transpose(const uint16_t* from, uint16_t* to) {
  __shared__ __align__(16) uint16_t tile[2 * 64];
  const unsigned lane = threadIdx.x;
  for (unsigned i = lane; i < 2 * 64; i += 32) {
    tile[i] = from[i];
  }
  __syncwarp();
  uint32_t matrices[2];
  load_matrix_x2_transposed(matrices, tile + lane % 16 * 8);
  for (unsigned m = 0; m < 2; m++) {
    const unsigned at = m * 64 + lane / 4 * 8 + 2 * (lane % 4);
    to[at] = static_cast<uint16_t>(matrices[m]);
    to[at + 1] = static_cast<uint16_t>(matrices[m] >> 16);
  }
}

// Copies n floats in steps of 4 per thread by asynchronous copies, two groups on their way; zeros
// from `valid` on. With `missing_wait` it reads what may not have come.
extern "C" __global__ void probe_copy_async(const float* from, float* to, int n, int valid,
                                            int missing_wait) {
  DYNAMIC_SHARED(float, stages);  // two of 4 floats per thread
  const int step = 4 * static_cast<int>(blockDim.x);
  const int own = 4 * static_cast<int>(threadIdx.x);
  copy_async_16(stages + own, from + own, own < valid);
  copy_async_commit();
  for (int begin = 0; begin < n; begin += step) {
    const int now = begin / step % 2;
    const int next = begin + step + own;
    if (next - own < n) {
      copy_async_16(stages + (1 - now) * step + own, from + next, next < valid);
    }
    copy_async_commit();
    if (!missing_wait) {
      copy_async_wait<1>();
    }
    __syncthreads();
    // A neighbour's values, so that the barrier counts.
    const int other = 4 * ((static_cast<int>(threadIdx.x) + 1) % static_cast<int>(blockDim.x));
    for (int i = 0; i < 4; i++) {
      to[begin + other + i] = stages[now * step + other + i];
    }
    __syncthreads();
  }
}

// to[i] = the value of the half nearest to from[i].
extern "C" __global__ void probe_half(const float* from, float* to, uint16_t* bits, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    bits[i] = half_bits(from[i]);
    to[i] = half_value(bits[i]);
  }
}

// Votes of a block: how many, whether any, whether all have a value above the limit.
extern "C" __global__ void probe_votes(const int* values, int limit, int* results) {
  const bool above = values[threadIdx.x] > limit;
  const int count = __syncthreads_count(above);
  const int any = __syncthreads_or(above);
  const int all = __syncthreads_and(above);
  const unsigned lanes = __ballot_sync(FULL_WARP, above);
  if (threadIdx.x == 0) {
    results[0] = count;
    results[1] = any;
    results[2] = all;
    results[3] = static_cast<int>(lanes);
  }
}

// Adds one to `value` in each thread: what a launch did, and how often.
extern "C" __global__ void probe_increment(int* values, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) {
    values[i] += 1;
  }
}

struct ProbeScale {
  float factor;
  double offset;
};

// An argument that is a struct.
extern "C" __global__ void probe_struct(ProbeScale scale, float* values) {
  values[threadIdx.x] =
      static_cast<float>(fma(static_cast<double>(values[threadIdx.x]),
                             static_cast<double>(scale.factor), scale.offset));
}

// The place of each block and thread in the order in which they ran.
extern "C" __global__ void probe_order(unsigned* cursor, unsigned* places) {
  places[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(cursor, 1u);
}

// 16 KiB of static shared memory beside the dynamic one: what stood in both first, and to[2] = n.
extern "C" __global__ void probe_static_shared(int* to, int n) {
  __shared__ int values[4096];
  DYNAMIC_SHARED(int, more);
  if (threadIdx.x == 0) {
    to[0] = values[4095];  // poison, in each block
    to[1] = more[0];
    more[0] = 1;
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < 4096; i += static_cast<int>(blockDim.x)) {
    values[i] = i;
  }
  __syncthreads();
  to[2] = values[n];
}

// No parameters, and nothing to do.
extern "C" __global__ void probe_nothing() {}

// ---- Wrong ones ----

// As probe_reverse without the barrier.
extern "C" __global__ void probe_missing_barrier(const float* from, float* to, int n) {
  DYNAMIC_SHARED(float, values);
  const int i = static_cast<int>(threadIdx.x);
  if (i < n) {
    values[i] = from[i];
    to[i] = values[n - 1 - i];
  }
}

// Half of the threads wait in a barrier of their own.
extern "C" __global__ void probe_divergent_barrier(int* to) {
  if (threadIdx.x < blockDim.x / 2) {
    __syncthreads();
    to[threadIdx.x] = 1;
  } else {
    __syncthreads();
    to[threadIdx.x] = 2;
  }
}

// Lane 0 does not come to the ballot that the others wait in, but waits for the block.
extern "C" __global__ void probe_deadlock(int* to) {
  if (threadIdx.x > 0) {
    to[threadIdx.x] = static_cast<int>(__ballot_sync(FULL_WARP, 1));
  }
  __syncthreads();
}

// A mask that does not name the lane that calls.
extern "C" __global__ void probe_wrong_mask(int* to) {
  to[threadIdx.x] = __shfl_sync(1u, static_cast<int>(threadIdx.x), 0);
}

// Writes one value at an index.
extern "C" __global__ void probe_write(int* to, long long index) {
  if (threadIdx.x == 0) {
    to[index] = 7;
  }
}

// Writes behind the dynamic shared memory.
extern "C" __global__ void probe_shared_overrun(int* to, int index) {
  DYNAMIC_SHARED(int, values);
  values[index] = 1;
  to[0] = values[index];
}

extern "C" __global__ void probe_divide(int* to, int by) { to[0] = 1000 / by; }

// Calls itself more often than a stack holds.
static __device__ __noinline__ int descend(volatile int* to, int depth) {
  volatile int kept[64];
  kept[depth % 64] = depth;
  return depth == 0 ? to[0] : descend(to, depth - 1) + kept[depth % 64];
}

extern "C" __global__ void probe_stack(int* to, int depth) { to[0] = descend(to, depth); }
