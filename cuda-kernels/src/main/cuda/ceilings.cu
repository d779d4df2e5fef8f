// What the card can do at most, for measurements to be held against; no part of an SAE.
//
//   gather_rows   sums[block][width] = the sum of `each` rows of table [rows, width], chosen by the
//                 numbers of block and entry: what a sparse decoder reads, and nothing else
#include "tapscope.cuh"

extern "C" __global__ void __launch_bounds__(256)
    gather_rows(const float* table, int rows, int width, int each, float* sums) {
  for (int column = 4 * threadIdx.x; column + 3 < width; column += 4 * blockDim.x) {
    float4 sum = {0, 0, 0, 0};
#pragma unroll 8
    for (int i = 0; i < each; i++) {
      unsigned row = (blockIdx.x * 40503u + static_cast<unsigned>(i) * 2654435769u) % rows;
      float4 part =
          *reinterpret_cast<const float4*>(table + static_cast<size_t>(row) * width + column);
      sum.x += part.x;
      sum.y += part.y;
      sum.z += part.z;
      sum.w += part.w;
    }
    *reinterpret_cast<float4*>(sums + static_cast<size_t>(blockIdx.x) * width + column) = sum;
  }
}
