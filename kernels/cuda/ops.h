// What the kernels are given: plain structs without holes, one launcher each. Shapes have been
// checked and memory taken by the caller. Counts fit an int, byte offsets need 64 bits.
#pragma once

#include "kernels/cuda/index.h"
#include "kernels/cuda/runtime/queue.h"
#include "kernels/fn.h"

// A hole would be hashed with whatever lies in it, and no recording would ever match.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

namespace yent::cuda {

// Rows of halves or floats. `wide`: 8 columns from a multiple of 8 on may be moved at once.
struct RowView {
  void* data;
  int ld;
  short f32, wide;
};

// One or two halves of the channels, `seam` of them in the first.
struct CatRows {
  RowView a, b;
  int seam, columns;
};

// From the sums of a product to its stored outputs, in the order of Epilogue.
struct Finish {
  RowView out, residual, row_bias;  // no data: absent
  const float* bias;                // padded to an even count; null: absent
  const float* column_scale;        // int8 only: what a code is worth, per column and per row
  const float* row_scale;
  int columns;     // of out
  int image_rows;  // of out, in one image
  int scale_rows;  // that share a row_scale
  int fn;          // an Fn: as an int, so that the struct has no hole
  int gated;
  int pairs;  // all of these may be moved two columns at a time
};

enum class Kind : int { half, bfloat, code };

// out = A B^T by tiles. A's chunks are found through the view, B is [n][b_ld chunks].
template <class View>
struct GemmArgs {
  View view;
  int m, n, depth;
  const void *a, *a2, *b;
  int64_t b_ld;
  int tiles_m, tiles_n, tiles_k, slices;
  void* partial;  // [slices][m][n] sums, where there are several slices
  int integer;    // they are int32
  int columns;
  Finish finish;
};
using LinearArgs = GemmArgs<LinearView>;
using ConvArgs = GemmArgs<ConvView>;

// Sets the tile counts.
void launch_gemm(Queue& q, Kind kind, TileConfig cut, LinearArgs args);
void launch_gemm(Queue& q, Kind kind, TileConfig cut, ConvArgs args);

// The same in f32 arithmetic, one multiplication at a time.
struct PlainArgs {
  CatRows x;      // of pixels where there is a window
  ConvView view;  // its chunks are elements; images 0: a linear
  int unused;
  const float* weight;  // [n][k], a convolution's k over taps, then channels
  int m, n, k, segments;
  Finish finish;
};
void launch_simt_gemm(Queue& q, const PlainArgs& args);

// Few rows times Q8_0: codes [n][k], scales [n][k / 32].
struct BlocksArgs {
  RowView x;
  const int8_t* codes;
  const void* scales;
  int rows, n, k, unused;
  Finish finish;
};
void launch_blocks_gemm(Queue& q, const BlocksArgs& args);
// codes and scales as a matrix of halves, [n][ld].
struct ExpandArgs {
  const int8_t* codes;
  const void* scales;
  void* out;
  int n, k, ld, unused;
};
void launch_expand(Queue& q, const ExpandArgs& args);

struct GroupNormArgs {
  CatRows x;
  RowView out;
  const float *weight, *bias;  // may be null
  float* sums;                 // scratch, [images][slabs][groups][2]
  RowChunks row_chunks;
  int images, rows, groups;  // rows of one image
  float eps;
  int fn;      // an Fn: as an int, so that the struct has no hole
  int chunks;  // of 8 columns, per row
};
void launch_group_norm(Queue& q, const GroupNormArgs& args);

struct RowNormArgs {  // layer_norm, or rms_norm of every `width` columns
  RowView x, out;
  const float *weight, *bias;
  int rows, width, parts;
  float eps;
  int rms, unused;
};
void launch_row_norm(Queue& q, const RowNormArgs& args);

struct AttentionArgs {
  RowView out, q, k, v;
  const int32_t* positions;  // may be null
  int images, queries, keys, heads, kv_heads, width;
  float scale;
  int unused;
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
  int rows, columns, ld, out_ld, padded, unused;
};
void launch_transpose(Queue& q, const TransposeArgs& args);

struct RopeArgs {
  RowView x;
  const float* table;
  const int32_t* positions;
  int rows, heads, head_width, half, table_ld, interleaved;
};
void launch_rope(Queue& q, const RopeArgs& args);

struct StoreRowsArgs {
  RowView cache, x;
  const int32_t* positions;
  int rows, columns;
};
void launch_store_rows(Queue& q, const StoreRowsArgs& args);

struct EmbedArgs {
  RowView out;
  const void* table;    // halves or floats, or codes
  const void* scales;   // of the codes; null: no codes
  const float* places;  // may be null
  const int32_t *ids, *positions;
  int rows, columns, table_ld, places_ld, f32, unused;
};
void launch_embed(Queue& q, const EmbedArgs& args);

constexpr int kMaxTerms = 16;
struct LinearCombinationArgs {
  RowView out;
  RowView terms[kMaxTerms];
  const float* coefficients;
  int count, rows, columns, unused;
};
void launch_linear_combination(Queue& q, const LinearCombinationArgs& args);

// Rows of halves or floats as dense chunks for the products: halves, bfloats or codes, zero up to
// `padded` columns. For codes, `scale` holds what a code of each `scale_rows` rows is worth.
struct StageArgs {
  CatRows x;
  void* out;
  const float* scale;
  int rows, padded, kind, scale_rows;
};
void launch_stage(Queue& q, const StageArgs& args);
// scale[i] of every group of `scale_rows` rows. `peaks` is scratch of as many words.
struct AbsmaxArgs {
  CatRows x;
  uint32_t* absmaxes;
  float* scale;
  int rows, scale_rows;
};
void launch_scales(Queue& q, const AbsmaxArgs& args);

// ---- Load time ----------------------------------------------------------------------------

enum class From : int { f32, f16, bf16, q8_0 };

// `rows` rows of a file's matrix, into rows first, first + step, ... of the packed one. A
// convolution's row is [channels][9] and becomes [9][padded]; else taps is 1.
struct PackArgs {
  const void* from;
  void* to;             // halves, bfloats, codes or floats
  float* column_scale;  // of codes
  int64_t ld;           // elements from row to row of the packed matrix
  int rows, channels, taps, padded;
  int first, step;
  int from_type, to_type;  // From; Kind, or 3 for floats
};
constexpr int kFloats = 3;
void launch_pack(Queue& q, const PackArgs& args);
// Q8_0 blocks taken apart, rows as above.
struct SplitArgs {
  const void* blocks;
  int8_t* codes;
  void* scales;
  int rows, k, first, step;
};
void launch_split(Queue& q, const SplitArgs& args);

// Whether this build has code for the calling thread's device.
bool has_device_code();

}  // namespace yent::cuda

#pragma GCC diagnostic pop
