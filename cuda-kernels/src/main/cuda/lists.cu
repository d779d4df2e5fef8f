// Lists on their way to the host.

#include "tapscope.cuh"

/// A block for each row: its list, of `capacity` entries, to where the row starts among all of them.
///
/// starts [rows + 1]; none of the lists is longer than the capacity.
extern "C" __global__ void __launch_bounds__(128)
    gather_lists(const int* list_features, const float* list_z, int capacity, const int* starts,
                 int* features, float* values) {
  size_t from = static_cast<size_t>(blockIdx.x) * capacity;
  int start = starts[blockIdx.x];
  int count = starts[blockIdx.x + 1] - start;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    features[start + i] = list_features[from + i];
    values[start + i] = list_z[from + i];
  }
}
