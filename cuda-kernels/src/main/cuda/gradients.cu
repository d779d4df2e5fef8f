// The gradients of the rows of W_enc [F, d_in] and W_dec [F, d_out], and where Adam takes them.
//
//   by W_enc[f] = sum over rows on which f is active of by_z x[row]  -  (sum of by_z) b_dec
//   by W_dec[f] = sum over those rows of f errors[row]  +  by_length W_dec[f]
//
// (b_dec where it is taken off the input, by_length where the penalty depends on |W_dec[f]|); where
// decoder rows are kept at unit length, the part of the second parallel to W_dec[f] is taken off.
// Sums run over the rows in their order, piece by piece: each LIST_PIECE rows are summed by
// themselves, and these sums are added in their order. So a list has the same bits whether the block
// that has the feature sums all of it, or blocks of sums_before_rows have summed the pieces; the
// latter where a list is longer than a piece, so that a feature that is on for every row does not
// keep one block busy when all others are done. A block has one feature; gradients stay in shared
// memory until Adam has used them. sae-runtime's SparseSums, FeatureGradients and SparseSae.move are the
// same on the CPU.
#include "adam.cuh"
#include "shadow.cuh"

namespace {

using namespace training;

constexpr int ROWS_MOVE = 0;   // Adam
constexpr int ROWS_NORM = 1;   // squares of all gradients of a feature, for clipping
constexpr int ROWS_WRITE = 2;  // gradients into memory, for checking

/// All that the kernels below have in common.
struct Rows {
  int what;
  int feature;
  int inputs;
  int outputs;
  int unit_decoder;
  float* encoder;
  Moments encoder_moments;
  float* decoder;
  Moments decoder_moments;
  const float* input_offsets;  // b_dec, or null
  const float* bias_gradient;
  const float* by_length;
  const int* feature_active;
  long long* settled_at;
  float* decoder_length;  // or null
  uint16_t* shadow;
  int shadow_stride;
  float* shadow_scale;
  float* shadow_norm;
  double* squares;             // [F], ROWS_NORM
  float* encoder_gradient;     // [F, d_in], ROWS_WRITE
  float* decoder_gradient;     // [F, d_out]
  float* projected_gradient;   // [F, d_out]
};

/// Floats of a row in the sums of a piece: whole fours.
__device__ __forceinline__ int padded(int width) { return (width + 3) / 4 * 4; }

/// sum over a list of factor * source[row], four columns.
struct ListSums {
  const int* rows;
  const float* encoder_factors;
  const float* decoder_factors;
  int count;
  const float* x;
  const float* errors;
  const float* pieces;  // [pieces, padded d_in + padded d_out]; null: nobody has summed them
  int inputs;
  int outputs;

  /// Of `some` entries from `first` on.
  __device__ __forceinline__ Four piece(const float* source, const float* factors, int first,
                                        int some, int column, int width, bool whole) const {
    Four sum = {};
    const int end = first + some;
    int i = first;
    for (; i + 4 <= end; i += 4) {
      Four four[4];
#pragma unroll
      for (int k = 0; k < 4; k++) {
        four[k] = read_four(source + static_cast<size_t>(rows[i + k]) * width, column, width,
                            whole);
      }
#pragma unroll
      for (int k = 0; k < 4; k++) {
        add_four(sum, factors[i + k], four[k]);
      }
    }
    for (; i < end; i++) {
      add_four(sum, factors[i],
               read_four(source + static_cast<size_t>(rows[i]) * width, column, width, whole));
    }
    return sum;
  }

  __device__ __forceinline__ Four encoder_piece(int first, int some, int column,
                                                bool whole) const {
    return piece(x, encoder_factors, first, some, column, inputs, whole);
  }

  __device__ __forceinline__ Four decoder_piece(int first, int some, int column,
                                                bool whole) const {
    return piece(errors, decoder_factors, first, some, column, outputs, whole);
  }

  /// `summed` is where the first piece's sums of the row are, or null.
  __device__ __forceinline__ Four sum(const float* source, const float* factors,
                                      const float* summed, int column, int width,
                                      bool whole) const {
    Four total = {};
    for (int first = 0; first < count; first += LIST_PIECE) {
      Four some;
      if (summed != nullptr) {
        some = read_four(summed, column, padded(width), true);
        summed += padded(inputs) + padded(outputs);
      } else {
        some = piece(source, factors, first, min(LIST_PIECE, count - first), column, width, whole);
      }
      for (int k = 0; k < 4; k++) {
        total.value[k] += some.value[k];
      }
    }
    return total;
  }

  __device__ __forceinline__ Four encoder(int column, int width, bool whole) const {
    return sum(x, encoder_factors, pieces, column, width, whole);
  }

  __device__ __forceinline__ Four decoder(int column, int width, bool whole) const {
    return sum(errors, decoder_factors, pieces == nullptr ? nullptr : pieces + padded(inputs),
               column, width, whole);
  }
};

/// Sums that products have left in memory.
struct SummedRows {
  const float* encoder_row;
  const float* decoder_row;

  __device__ __forceinline__ Four encoder(int column, int width, bool whole) const {
    return read_four(encoder_row, column, width, whole);
  }

  __device__ __forceinline__ Four decoder(int column, int width, bool whole) const {
    return read_four(decoder_row, column, width, whole);
  }
};

/// Gradients of the decoder's row to `row` in shared memory, each thread its own columns; returns
/// their squares' sum.
template <typename Sums>
__device__ float decoder_gradient(const Rows& rows, const Sums& sums, bool fired, float* row,
                                  float* scratch) {
  const int width = rows.outputs;
  const bool whole = whole_fours(width);
  const float* own = rows.decoder + static_cast<size_t>(rows.feature) * width;
  const float by_length = rows.by_length[rows.feature];
  const size_t at = static_cast<size_t>(rows.feature) * width;
  float along = 0;
  float squares = 0;
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    Four gradient = {};
    if (fired) {
      const Four weights = read_four(own, column, width, whole);
      gradient = sums.decoder(column, width, whole);
      add_four(gradient, by_length, weights);
      for (int k = 0; k < 4; k++) {
        along = fmaf(gradient.value[k], weights.value[k], along);
        squares = fmaf(weights.value[k], weights.value[k], squares);
      }
    }
    if (rows.what == ROWS_WRITE) {
      write_four(rows.decoder_gradient + at, column, width, whole, gradient);
    }
    write_four(row, column, width, true, gradient);
  }
  float factor = 0;
  if (rows.unit_decoder) {
    along = block_sum(along, scratch);
    squares = block_sum(squares, scratch);
    factor = fired && squares > 0 ? -along / squares : 0.0f;
  }
  float gradient_squares = 0;
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    Four gradient = read_four(row, column, width, true);
    if (factor != 0) {
      add_four(gradient, factor, read_four(own, column, width, whole));
      write_four(row, column, width, true, gradient);
    }
    for (int k = 0; k < 4; k++) {
      gradient_squares = fmaf(gradient.value[k], gradient.value[k], gradient_squares);
    }
    if (rows.what == ROWS_WRITE) {
      write_four(rows.projected_gradient + at, column, width, whole, gradient);
    }
  }
  return gradient_squares;
}

/// Four columns of the gradient of the encoder's row.
template <typename Sums>
__device__ __forceinline__ Four encoder_gradient(const Rows& rows, const Sums& sums, bool fired,
                                                 int column, bool whole) {
  Four gradient = {};
  if (fired) {
    gradient = sums.encoder(column, rows.inputs, whole);
    if (rows.input_offsets != nullptr) {
      add_four(gradient, -rows.bias_gradient[rows.feature],
               read_four(rows.input_offsets, column, rows.inputs, whole));
    }
  }
  return gradient;
}

/// Moves the decoder's row by the gradient in `row`.
__device__ void move_decoder(const Rows& rows, const StepValues& step, float scale, long long owed,
                             bool fired, float* row, float* scratch) {
  const int width = rows.outputs;
  const bool whole = whole_fours(width);
  const size_t at = static_cast<size_t>(rows.feature) * width;
  float* own = rows.decoder + at;
  float squares = 0;
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    const Four moved =
        adam_moved(read_four(own, column, width, whole), read_four(row, column, width, true),
                   scale, step, rows.decoder_moments, at, column, width, whole, owed);
    write_four(row, column, width, true, moved);
    for (int k = 0; k < 4; k++) {
      squares = fmaf(moved.value[k], moved.value[k], squares);
    }
  }
  float factor = 1;
  if (rows.unit_decoder && (fired || step.beta1 != 0)) {
    squares = block_sum(squares, scratch);
    // A row of zeros stays one.
    factor = squares > 0 ? static_cast<float>(1 / sqrt(static_cast<double>(squares))) : 1.0f;
  }
  squares = 0;
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    Four moved = read_four(row, column, width, true);
    for (int k = 0; k < 4; k++) {
      moved.value[k] *= factor;
      squares = fmaf(moved.value[k], moved.value[k], squares);
    }
    write_four(own, column, width, whole, moved);
  }
  if (rows.decoder_length != nullptr) {
    squares = block_sum(squares, scratch);
    if (threadIdx.x == 0) {
      rows.decoder_length[rows.feature] = sqrtf(squares);
    }
  }
}

/// Moves the encoder's row, and makes its shadow.
template <typename Sums>
__device__ void move_encoder(const Rows& rows, const Sums& sums, const StepValues& step,
                             float scale, long long owed, bool fired, float* row, float* scratch) {
  const int width = rows.inputs;
  const bool whole = whole_fours(width);
  const size_t at = static_cast<size_t>(rows.feature) * width;
  float* own = rows.encoder + at;
  __syncthreads();  // nobody reads the decoder's row any more
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    const Four gradient = encoder_gradient(rows, sums, fired, column, whole);
    const Four moved = adam_moved(read_four(own, column, width, whole), gradient, scale, step,
                                  rows.encoder_moments, at, column, width, whole, owed);
    write_four(own, column, width, whole, moved);
    write_four(row, column, width, true, moved);
  }
  __syncthreads();
  write_shadow_row(row, width, rows.shadow, rows.shadow_stride, rows.shadow_scale,
                   rows.shadow_norm, rows.feature, scratch);
}

/// What a block does for its feature.
template <typename Sums>
__device__ void do_rows(const Rows& rows, const Sums& sums, const StepValues* step_in_memory,
                        const StepResult* result) {
  __shared__ float scratch[MOST_WARPS];
  __shared__ double scratch_of_squares[MOST_WARPS];
  DYNAMIC_SHARED(float, row);
  const bool fired = rows.feature_active[rows.feature] > 0;
  const StepValues step = *step_in_memory;
  if (!fired && (rows.what != ROWS_MOVE || step.beta1 == 0)) {
    if (rows.what == ROWS_NORM && threadIdx.x == 0) {
      rows.squares[rows.feature] = 0;
    }
    return;
  }
  double squares = decoder_gradient(rows, sums, fired, row, scratch);
  if (rows.what == ROWS_MOVE) {
    const float scale = result->scale;
    const long long owed = step.number - 1 - rows.settled_at[rows.feature];
    move_decoder(rows, step, scale, owed, fired, row, scratch);
    move_encoder(rows, sums, step, scale, owed, fired, row, scratch);
    if (threadIdx.x == 0) {
      rows.settled_at[rows.feature] = step.number;
    }
    return;
  }
  const int width = rows.inputs;
  const bool whole = whole_fours(width);
  float encoder_squares = 0;
  for (int column = 4 * threadIdx.x; column < width; column += 4 * blockDim.x) {
    const Four gradient = encoder_gradient(rows, sums, fired, column, whole);
    for (int k = 0; k < 4; k++) {
      encoder_squares = fmaf(gradient.value[k], gradient.value[k], encoder_squares);
    }
    if (rows.what == ROWS_WRITE) {
      write_four(rows.encoder_gradient + static_cast<size_t>(rows.feature) * width, column, width,
                 whole, gradient);
    }
  }
  squares = block_sum(squares + encoder_squares, scratch_of_squares);
  if (rows.what == ROWS_NORM && threadIdx.x == 0) {
    rows.squares[rows.feature] = squares;
  }
}

}  // namespace

/// One block a feature; `what` is ROWS_MOVE, ROWS_NORM or ROWS_WRITE. Dynamic shared memory: the
/// wider of the two rows, rounded up to four floats.
extern "C" __global__ void __launch_bounds__(256)
    sparse_rows(int what, int inputs, int outputs, int unit_decoder, float* encoder, float* encoder_v,
                float* encoder_m, float* decoder, float* decoder_v, float* decoder_m,
                const float* input_offsets, const float* bias_gradient, const float* by_length,
                const int* feature_active, long long* settled_at, float* decoder_length,
                uint16_t* shadow, int shadow_stride, float* shadow_scale, float* shadow_norm,
                double* squares, float* encoder_gradient_rows, float* decoder_gradient_rows,
                float* projected_gradient_rows, const StepValues* step, const StepResult* result,
                const int* starts, const int* active_row, const float* active_f,
                const float* active_by_z, const float* x, const float* errors,
                const int* first_piece, const float* piece_sums) {
  if (failed(result)) {
    return;
  }
  const int feature = blockIdx.x;
  const Rows rows = {what,          feature,        inputs,        outputs,
                     unit_decoder,  encoder,        {encoder_v, encoder_m},
                     decoder,       {decoder_v, decoder_m},
                     input_offsets, bias_gradient,  by_length,     feature_active,
                     settled_at,    decoder_length, shadow,        shadow_stride,
                     shadow_scale,  shadow_norm,    squares,       encoder_gradient_rows,
                     decoder_gradient_rows,         projected_gradient_rows};
  const int start = starts[feature];
  const int first = first_piece[feature];
  const size_t floats = padded(inputs) + padded(outputs);
  const ListSums sums = {active_row + start,
                         active_by_z + start,
                         active_f + start,
                         feature_active[feature],
                         x,
                         errors,
                         first < 0 ? nullptr : piece_sums + first * floats,
                         inputs,
                         outputs};
  do_rows(rows, sums, step, result);
}

namespace {

/// parts[part][column] = the sum over a part's features of (sum of by_z) W_enc[feature], for what
/// reaches b_dec through the encoder's input. Has to come before W_enc moves.
__device__ void sum_through_inputs(int part, int first, int last, int column,
                                   const float* bias_gradient, const float* encoder, int inputs,
                                   float* parts) {
  if (column >= inputs) {
    return;
  }
  float sum = 0;
  for (int feature = first; feature < last; feature++) {
    const float factor = bias_gradient[feature];
    if (factor != 0) {
      sum = fmaf(factor, encoder[static_cast<size_t>(feature) * inputs + column], sum);
    }
  }
  parts[static_cast<size_t>(part) * inputs + column] = sum;
}

}  // namespace

/// Blocks: one for each of `most` places of pieces of long lists, as feature_sums has given them out,
/// though there may be fewer pieces; then, where b_dec is taken off the input, for each part of the
/// features one for each blockDim.x columns of what goes through it. piece_sums
/// [pieces, padded d_in + padded d_out].
extern "C" __global__ void __launch_bounds__(256)
    sums_before_rows(int inputs, int outputs, const StepResult* result, const int* given, int most,
                     const int* piece_feature, const int* first_piece, const int* starts,
                     const int* feature_active, const int* active_row, const float* active_f,
                     const float* active_by_z, const float* x, const float* errors,
                     float* piece_sums, const float* bias_gradient, const float* encoder,
                     int features, int features_of_a_part, float* through_parts) {
  if (failed(result)) {
    return;
  }
  const int own = blockIdx.x;
  if (own >= most) {
    const int column_blocks = (inputs + blockDim.x - 1) / blockDim.x;
    const int part = (own - most) / column_blocks;
    const int column = (own - most) % column_blocks * blockDim.x + threadIdx.x;
    const int first = part * features_of_a_part;
    sum_through_inputs(part, first, min(first + features_of_a_part, features), column,
                       bias_gradient, encoder, inputs, through_parts);
    return;
  }
  const int feature = own < *given ? piece_feature[own] : -1;
  if (feature < 0) {
    return;
  }
  const int start = starts[feature];
  const ListSums sums = {active_row + start, active_by_z + start, active_f + start,
                         feature_active[feature], x, errors, nullptr, inputs, outputs};
  const int first = (own - first_piece[feature]) * LIST_PIECE;
  const int some = min(LIST_PIECE, sums.count - first);
  float* to = piece_sums + static_cast<size_t>(own) * (padded(inputs) + padded(outputs));
  const bool whole_inputs = whole_fours(inputs);
  for (int column = 4 * threadIdx.x; column < inputs; column += 4 * blockDim.x) {
    write_four(to, column, padded(inputs), true,
               sums.encoder_piece(first, some, column, whole_inputs));
  }
  to += padded(inputs);
  const bool whole_outputs = whole_fours(outputs);
  for (int column = 4 * threadIdx.x; column < outputs; column += 4 * blockDim.x) {
    write_four(to, column, padded(outputs), true,
               sums.decoder_piece(first, some, column, whole_outputs));
  }
}

/// One block for each of some features from `first_feature` on, whose sums are in encoder_sums
/// [features, d_in] (over rows less b_dec, so that input_offsets is null) and decoder_sums
/// [features, d_out].
extern "C" __global__ void __launch_bounds__(256)
    dense_rows(int what, int inputs, int outputs, int unit_decoder, float* encoder, float* encoder_v,
               float* encoder_m, float* decoder, float* decoder_v, float* decoder_m,
               const float* input_offsets, const float* bias_gradient, const float* by_length,
               const int* feature_active, long long* settled_at, float* decoder_length,
               uint16_t* shadow, int shadow_stride, float* shadow_scale, float* shadow_norm,
               double* squares, float* encoder_gradient_rows, float* decoder_gradient_rows,
               float* projected_gradient_rows, const StepValues* step, const StepResult* result,
               int first_feature, const float* encoder_sums, const float* decoder_sums) {
  if (failed(result)) {
    return;
  }
  const int feature = first_feature + blockIdx.x;
  const Rows rows = {what,          feature,        inputs,        outputs,
                     unit_decoder,  encoder,        {encoder_v, encoder_m},
                     decoder,       {decoder_v, decoder_m},
                     input_offsets, bias_gradient,  by_length,     feature_active,
                     settled_at,    decoder_length, shadow,        shadow_stride,
                     shadow_scale,  shadow_norm,    squares,       encoder_gradient_rows,
                     decoder_gradient_rows,         projected_gradient_rows};
  const SummedRows sums = {encoder_sums + static_cast<size_t>(blockIdx.x) * inputs,
                           decoder_sums + static_cast<size_t>(blockIdx.x) * outputs};
  do_rows(rows, sums, step, result);
}

/// For some features from `first_feature` on, in a dense step: what sums_before_rows does for all.
extern "C" __global__ void __launch_bounds__(256)
    through_inputs(const float* bias_gradient, const float* encoder, int first_feature, int end,
                   int features_of_a_part, int inputs, const StepResult* result, float* parts) {
  if (failed(result)) {
    return;
  }
  const int first = first_feature + blockIdx.y * features_of_a_part;
  sum_through_inputs(first / features_of_a_part, first, min(first + features_of_a_part, end),
                     blockIdx.x * blockDim.x + threadIdx.x, bias_gradient, encoder, inputs, parts);
}

/// |W_dec[f]| of all features, one block each; the same bits as the rows' own kernel leaves.
extern "C" __global__ void __launch_bounds__(256)
    decoder_lengths(const float* decoder, int outputs, float* lengths) {
  __shared__ float scratch[MOST_WARPS];
  const bool whole = whole_fours(outputs);
  float squares = 0;
  for (int column = 4 * threadIdx.x; column < outputs; column += 4 * blockDim.x) {
    const Four four = read_four(decoder + static_cast<size_t>(blockIdx.x) * outputs, column,
                                outputs, whole);
    for (int k = 0; k < 4; k++) {
      squares = fmaf(four.value[k], four.value[k], squares);
    }
  }
  squares = block_sum(squares, scratch);
  if (threadIdx.x == 0) {
    lengths[blockIdx.x] = sqrtf(squares);
  }
}
