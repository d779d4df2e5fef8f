// What a batch and the encoder's weights become before they are multiplied.
//
//   pack_rows     x [rows, d] -> x - offsets in fp32 and in 16 bits, with scale and length
//   shadow_rows   W_enc [F, d] -> its shadow in 16 bits
//   check_finite  a flag for values that only go by
#include "shadow.cuh"

namespace {

__device__ __forceinline__ bool pack_is_finite(float value) { return fabsf(value) <= 0x1.fffffep127f; }

}  // namespace

/// A block for each row. Where there are offsets (not null), centred [rows, d] gets x - offsets.
/// Where halves is null, there is no shadow.
///
/// halves [rows, stride], scales [rows], norms [rows]: as write_shadow_row has it.
extern "C" __global__ void __launch_bounds__(256)
    pack_rows(const float* x, const float* offsets, int d, float* centred, uint16_t* halves,
              int stride, float* scales, float* norms, unsigned* flags) {
  __shared__ float scratch[MOST_WARPS];
  size_t row = blockIdx.x;
  const float* from = x + row * d;
  float* to = centred + row * d;
  int finite = 1;
  for (int k = threadIdx.x; k < d; k += blockDim.x) {
    float value = from[k];
    if (offsets != nullptr) {
      value -= offsets[k];
      to[k] = value;
    }
    finite &= pack_is_finite(value);
  }
  if (__syncthreads_or(!finite) && threadIdx.x == 0) {
    atomicOr(flags, FLAG_NOT_FINITE);
  }
  if (halves != nullptr) {
    write_shadow_row(offsets != nullptr ? to : from, d, halves, stride, scales, norms, row,
                     scratch);
  }
}

/// A block for each feature.
extern "C" __global__ void __launch_bounds__(256)
    shadow_rows(const float* encoder, int d, uint16_t* halves, int stride, float* scales,
                float* norms) {
  __shared__ float scratch[MOST_WARPS];
  size_t row = blockIdx.x;
  write_shadow_row(encoder + row * d, d, halves, stride, scales, norms, row, scratch);
}

/// Any number of blocks.
extern "C" __global__ void __launch_bounds__(256)
    check_finite(const float* values, long long count, unsigned* flags) {
  int finite = 1;
  long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    finite &= pack_is_finite(values[i]);
  }
  if (__syncthreads_or(!finite) && threadIdx.x == 0) {
    atomicOr(flags, FLAG_NOT_FINITE);
  }
}
