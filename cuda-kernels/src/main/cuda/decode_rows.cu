// The decoder for lists as they come from the host.
#include "rows.cuh"

namespace {

constexpr int DECODE_ROWS_THREADS = 256;

/// Columns of a thread at a time.
constexpr int DECODE_ROWS_COLUMNS = 4;

}  // namespace

/// xhat[r] = sum over the entries starts[r] <= i < starts[r + 1], in order, of
/// values[i] W_dec[features[i]], and then + bias. A block for each row.
///
/// starts [rows + 1]; decoder [F, d]; bias [d]; xhat [rows, d].
extern "C" __global__ void __launch_bounds__(DECODE_ROWS_THREADS)
    decode_rows(const int* starts, const int* features, const float* values, const float* decoder,
                const float* bias, int d, float* xhat) {
  __shared__ int entry_feature[DECODE_ROWS_THREADS];
  __shared__ float entry_value[DECODE_ROWS_THREADS];
  size_t row = blockIdx.x;
  int start = starts[row];
  int end = starts[row + 1];
  int thread = threadIdx.x;
  for (int base = 0; base < d; base += DECODE_ROWS_THREADS * DECODE_ROWS_COLUMNS) {
    float sums[DECODE_ROWS_COLUMNS] = {0, 0, 0, 0};
    for (int first = start; first < end; first += DECODE_ROWS_THREADS) {
      int count = min(DECODE_ROWS_THREADS, end - first);
      if (thread < count) {
        entry_feature[thread] = features[first + thread];
        entry_value[thread] = values[first + thread];
      }
      __syncthreads();
#pragma unroll 4
      for (int i = 0; i < count; i++) {
        const float* from = decoder + static_cast<size_t>(entry_feature[i]) * d;
        float value = entry_value[i];
#pragma unroll
        for (int c = 0; c < DECODE_ROWS_COLUMNS; c++) {
          int column = base + c * DECODE_ROWS_THREADS + thread;
          if (column < d) {
            sums[c] = fmaf(value, from[column], sums[c]);
          }
        }
      }
      __syncthreads();
    }
#pragma unroll
    for (int c = 0; c < DECODE_ROWS_COLUMNS; c++) {
      int column = base + c * DECODE_ROWS_THREADS + thread;
      if (column < d) {
        xhat[row * d + column] = sums[c] + bias[column];
      }
    }
  }
}
