// The arguments of the kernels, one struct and one launcher each. The caller has checked shapes and
// taken memory. Counts fit an int; byte offsets need 64 bits.
//
// Queue hashes the arguments as bytes, so these structs have no holes: where the compiler would
// leave one, an `unused` fills it.
#pragma once

#include "kernels/activation_fn.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/runtime/queue.h"
#include "kernels/quantize/quant_grid.h"

// A hole would be hashed with the bytes that happen to be in it: no recording would ever match.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

namespace yent::cuda {

// Rows of halves or floats. `wide`: 8 columns from a multiple of 8 on may be moved at once.
struct RowView {
  void* data;
  int ld;
  short f32, wide;
};

// A ConcatView: the first `seam` of `columns` channels are in `a`, the others in `b`.
struct CatRows {
  RowView a, b;
  int seam, columns;
};

// From the sums of a matrix product to its stored outputs, in the order of Epilogue.
struct GemmEpilogue {
  RowView out, residual, row_bias;  // no data: absent
  const float* bias;                // padded to a multiple of 4; null: absent
  const float* column_scale;        // int8 only: one scale per column of the weight
  const float* row_scale;           // int8 only: one scale per `scale_rows` rows of the input
  int columns;                      // of out
  int image_rows;                   // of out, in one image
  int scale_rows;
  int fn;  // an Fn as an int, so that the struct has no hole
  int gated;
  int pairs;  // of columns that may be moved at once in out, residual and row_bias: 0, 1 or 2
};

// How a matrix lies in memory: as plain numbers, as int8 values with scales kept beside them, or as
// Q8_0 blocks. An int, so that it leaves no hole in a struct.
enum class Format : int { f16, bf16, int8, f32, q8_0 };

// out = A B^T by tiles. A's chunks are found through the view, B is [n][b_ld chunks].
template <class View>
struct GemmArgs {
  View view;
  int m, n, depth;
  const void *a, *a2, *b;
  int64_t b_ld;
  int tiles_m, tiles_n, tiles_k, slices;
  void* partial;  // [slices][m][n] sums, where there are several slices
  int* arrived;   // [kMaxSplitTiles] zeros, which count the slices of a tile
  GemmEpilogue epilogue;
};
using LinearArgs = GemmArgs<LinearView>;
using ConvArgs = GemmArgs<ConvView>;

// Sets the tile counts.
void launch_gemm(Queue& q, Format format, TileConfig config, LinearArgs args);
void launch_gemm(Queue& q, Format format, TileConfig config, ConvArgs args);

// The same in f32 arithmetic, without tensor cores.
struct SimtGemmArgs {
  CatRows x;      // of a convolution, one row per pixel
  ConvView view;  // in elements instead of chunks; images == 0: a linear
  int unused = 0;
  const float* weight;  // [n][k]; k of a convolution runs over taps, then channels
  int m, n, k, segments;
  GemmEpilogue epilogue;
};
void launch_simt_gemm(Queue& q, const SimtGemmArgs& args);

// A few rows times Q8_0: quantized values [n][k], f16 scales [n][k / 32].
struct GemvQ8Args {
  RowView x;
  const int8_t* quants;
  const void* scales;
  int rows, n, k, unused = 0;
  GemmEpilogue epilogue;
};
void launch_gemv_q8(Queue& q, const GemvQ8Args& args);
// Q8_0 as a matrix of halves, [n][ld].
struct DequantizeArgs {
  const int8_t* quants;
  const void* scales;
  void* out;
  int n, k, ld, unused = 0;
};
void launch_dequantize(Queue& q, const DequantizeArgs& args);

struct GroupNormArgs {
  CatRows x;
  RowView out;
  const float *weight, *bias;  // may be null
  float* sums;                 // scratch, [images][row chunks of sum_chunks][groups][2]
  RowChunks sum_chunks, apply_chunks;
  int images, rows, groups;  // rows of one image
  float eps;
  int fn;            // an Fn as an int, so that the struct has no hole
  int chunks;        // of 8 columns, per row
  int whole_groups;  // of a block that does all in one launch; 0: two launches
  int unused = 0;
};
void launch_group_norm(Queue& q, const GroupNormArgs& args);

struct RowNormArgs {  // layer_norm, or rms_norm of every `width` columns
  RowView x, out;
  const float *weight, *bias;
  int rows, width, parts;
  float eps;
  int rms, unused = 0;
};
void launch_row_norm(Queue& q, const RowNormArgs& args);

struct AttentionArgs {
  RowView out, q, k, v;
  const int32_t* positions;  // may be null
  int images, queries, keys, heads, kv_heads, width;
  float scale;
  int unused = 0;
};
// Tiles of queries and keys; halves, widths up to kFlashWidth that are multiples of 8.
constexpr int kFlashWidth = 160;
void launch_flash_attention(Queue& q, const AttentionArgs& args);
// One block per query and head: any width and type.
void launch_row_attention(Queue& q, const AttentionArgs& args);

// Softmax of `scale` times every row of floats; probabilities as halves, zero up to `padded`.
struct SoftmaxArgs {
  const float* scores;
  void* out;
  const int32_t* positions;
  int rows, columns, ld, out_ld, padded;
  float scale;
};
void launch_softmax(Queue& q, const SoftmaxArgs& args);
// out[c][r] = x[r][c], zero for r >= rows up to `padded`.
struct TransposeArgs {
  const void* x;
  void* out;
  int rows, columns, ld, out_ld, padded, unused = 0;
};
void launch_transpose(Queue& q, const TransposeArgs& args);

struct RopeArgs {
  RowView x;
  const float* table;
  const int32_t* positions;
  RopePairs pairs;
  int rows, table_ld, unused = 0;
};
void launch_rope(Queue& q, const RopeArgs& args);

struct StoreRowsArgs {
  RowView cache, x;
  const int32_t* positions;
  int rows, columns;
};
void launch_store_rows(Queue& q, const StoreRowsArgs& args);

struct LookupArgs {
  const void* table;   // halves or floats, or the quantized values of Q8_0
  const void* scales;  // of Q8_0; else null
  const int32_t* ids;
  int ld, f32;
};
constexpr int kMaxLookups = 8;
struct EmbedArgs {
  RowView out;
  LookupArgs lookups[kMaxLookups];
  int count, rows, columns, unused = 0;
};
void launch_embed(Queue& q, const EmbedArgs& args);

constexpr int kMaxTerms = 16;
struct LinearCombinationArgs {
  RowView out;
  RowView terms[kMaxTerms];
  const float* coefficients;
  int count, rows, columns, rectified;
};
void launch_linear_combination(Queue& q, const LinearCombinationArgs& args);

// Rows of halves or floats as dense chunks for the tensor cores, as f16, bf16 or int8 values, zero
// up to `padded` columns. int8 only: `scale` has one scale for each `scale_rows` rows.
struct StageArgs {
  CatRows x;
  void* out;
  const float* scale;
  int rows, padded;
  Format format;
  int scale_rows;
};
void launch_stage(Queue& q, const StageArgs& args);
// scale[i] for every group of `scale_rows` rows. `absmaxes` is scratch, one word per group.
struct AbsmaxArgs {
  CatRows x;
  uint32_t* absmaxes;
  float* scale;
  int rows, scale_rows;
};
void launch_scales(Queue& q, const AbsmaxArgs& args);

// x rounded to a grid, a block for each of row_groups x column_groups groups; then as QuantMix
// says. No data: no other, no residual.
struct QuantizeArgs {
  QuantGrid grid;
  CatRows x;
  RowView out, other, residual;
  float share;
  int rows, group_rows, group_columns, row_groups, column_groups;
};
void launch_quantize(Queue& q, const QuantizeArgs& args);

// ---- Load time ----------------------------------------------------------------------------

// `rows` rows of a matrix of the file become rows first, first + step, ... of the packed one. A
// convolution's row is [channels][9] and becomes [9][padded]; a linear has one tap.
struct PackArgs {
  const void* from;
  void* to;
  float* column_scale;  // of int8
  int64_t ld;           // elements from row to row of the packed matrix
  int rows, channels, taps, padded;
  int first, step;
  Format from_format, to_format;
};
void launch_pack(Queue& q, const PackArgs& args);
// Separates the quantized values of Q8_0 blocks from their scales; rows as above.
struct SplitArgs {
  const void* blocks;
  int8_t* quants;
  void* scales;
  int rows, k, first, step;
};
void launch_split(Queue& q, const SplitArgs& args);

// Whether this build has code for the calling thread's device.
bool has_device_code();

}  // namespace yent::cuda

#pragma GCC diagnostic pop
