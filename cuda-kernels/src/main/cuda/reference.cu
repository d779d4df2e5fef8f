// The encoder's products as one would write them down: the judge of all others.
#include "rows.cuh"

namespace {

constexpr int REFERENCE_TILE = 16;

/// The sum over k of value(a, row, k) * value(b, column, k), both from shared tiles, for the thread
/// (tx, ty) of a block of 16 x 16, k ascending.
template <typename T, typename Value>
__device__ __forceinline__ float reference_sum(const T* a, int rows, const T* b, int columns, int d,
                                               size_t stride, Value value) {
  __shared__ float tile_a[REFERENCE_TILE][REFERENCE_TILE + 1];
  __shared__ float tile_b[REFERENCE_TILE][REFERENCE_TILE + 1];
  int tx = threadIdx.x % REFERENCE_TILE;
  int ty = threadIdx.x / REFERENCE_TILE;
  int row = blockIdx.y * REFERENCE_TILE + ty;
  int column = blockIdx.x * REFERENCE_TILE + ty;
  float sum = 0;
  for (int k = 0; k < d; k += REFERENCE_TILE) {
    bool inside = k + tx < d;
    tile_a[ty][tx] = inside && row < rows ? value(a[row * stride + k + tx]) : 0.0f;
    tile_b[ty][tx] = inside && column < columns ? value(b[column * stride + k + tx]) : 0.0f;
    __syncthreads();
    for (int i = 0; i < REFERENCE_TILE; i++) {
      sum = fmaf(tile_a[ty][i], tile_b[tx][i], sum);
    }
    __syncthreads();
  }
  return sum;
}

}  // namespace

/// z [rows, F] = x [rows, d] . encoder [F, d]^T + bias [F]. Blocks (16 features, 16 rows) of 256
/// threads.
extern "C" __global__ void __launch_bounds__(256)
    reference_encode(const float* x, const float* encoder, const float* bias, int rows, int d,
                     int features, float* z) {
  float sum = reference_sum(x, rows, encoder, features, d, d, [](float v) { return v; });
  int row = blockIdx.y * REFERENCE_TILE + threadIdx.x / REFERENCE_TILE;
  int feature = blockIdx.x * REFERENCE_TILE + threadIdx.x % REFERENCE_TILE;
  if (row < rows && feature < features) {
    z[static_cast<size_t>(row) * features + feature] = sum + bias[feature];
  }
}

/// products [rows, F] = x [rows, stride] . w [F, stride]^T of halves: what a library's matrix
/// product is asked for. Blocks (16 features, 16 rows) of 256 threads.
extern "C" __global__ void __launch_bounds__(256)
    reference_products(const uint16_t* x, const uint16_t* w, int rows, int stride, int features,
                       float* products) {
  float sum =
      reference_sum(x, rows, w, features, stride, stride, [](uint16_t v) { return half_value(v); });
  int row = blockIdx.y * REFERENCE_TILE + threadIdx.x / REFERENCE_TILE;
  int feature = blockIdx.x * REFERENCE_TILE + threadIdx.x % REFERENCE_TILE;
  if (row < rows && feature < features) {
    products[static_cast<size_t>(row) * features + feature] = sum;
  }
}
