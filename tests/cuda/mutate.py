#!/usr/bin/env python3
"""Deliberate mistakes in the CUDA kernels, each of which the checker of the emulator must find.

    mutate.py TREE OUT

writes copies of the kernels with a switch at every mistake, mutations.h with what switches them, and
mutation_table.h.
In `new`, @ is true while the mutation is on. Mutations are written one after another, so that
`old` may be what an earlier one wrote. It must be there exactly once: if not, the kernel has changed,
and so must this table.
"""
import sys
from pathlib import Path

BARRIER = "if (!@) __syncthreads();"
HOPPER = "hopper/hopper_gemm.cuh"

# name, probe, words of the fault, file, old, new
MUTATIONS = [
    ("flash: no barrier before the atomic maximum", "flash", "a race", "flash_attention.cu",
     "if (threadIdx.x == 0) block_last = 1;\n    __syncthreads();",
     "if (threadIdx.x == 0) block_last = 1;\n    " + BARRIER),
    ("flash: no barrier behind the atomic maximum", "flash", "a race", "flash_attention.cu",
     "atomicMax(&block_last, most);\n    __syncthreads();",
     "atomicMax(&block_last, most);\n    " + BARRIER),
    ("flash: the copy of the queries is not waited for", "flash", "in flight", "flash_attention.cu",
     "wait_copies<0>();\n    __syncthreads();\n#pragma unroll",
     "if (!@) wait_copies<0>();\n    __syncthreads();\n#pragma unroll"),
    ("flash: no barrier behind the copy of the queries", "flash", "", "flash_attention.cu",
     "wait_copies<0>();\n    __syncthreads();\n#pragma unroll\n    for (int step",
     "wait_copies<0>();\n    " + BARRIER + "\n#pragma unroll\n    for (int step"),
    ("flash: keys overwrite the queries", "flash", "a race", "flash_attention.cu",
     "chunk));\n    }\n    __syncthreads();", "chunk));\n    }\n    " + BARRIER),
    ("flash: a wait one group too lax", "flash", "in flight", "flash_attention.cu",
     "wait_copies<0>();\n      __syncthreads();",
     "if (@) wait_copies<1>();\n      else wait_copies<0>();\n      __syncthreads();"),
    ("flash: no barrier between tiles", "flash", "", "flash_attention.cu",
     "else wait_copies<0>();\n      __syncthreads();", "else wait_copies<0>();\n      " + BARRIER),
    ("flash: the stage that is read is filled again", "flash", "", "flash_attention.cu",
     "const uint32_t to = base + t % 2 * (2 * 16 * tile_chunks);",
     "const uint32_t to = base + (@ ? 0 : t % 2) * (2 * 16 * tile_chunks);"),
    ("flash: two lanes read one row of keys", "flash", "banks", "flash_attention.cu",
     "ldmatrix4(fk, keys + 16 * ((8 * j + at.row) * ld + 2 * step + at.column));",
     "ldmatrix4(fk, keys + 16 * ((8 * j + (@ ? at.row & ~1 : at.row)) * ld + 2 * step + at.column));"),
    ("flash: rows past the last key", "flash", "outside of all global memory", "flash_attention.cu",
     "const bool inside = first + row < rows && chunk < head_chunks;",
     "const bool inside = (@ || first + row < rows) && chunk < head_chunks;"),
    ("flash: queries past the last are written", "flash", "outside of all global memory", "flash_attention.cu",
     "if (query >= p.queries) continue;", "if (!@ && query >= p.queries) continue;"),
    ("block_reduce: no barrier before the sum", "rows", "", "row_attention.cu",
     "scratch[threadIdx.x / 32] = x;\n  __syncthreads();",
     "scratch[threadIdx.x / 32] = x;\n  " + BARRIER),
    ("block_reduce: no barrier behind the sum", "rows", "a race", "row_attention.cu",
     ": all + scratch[i];\n  __syncthreads();", ": all + scratch[i];\n  " + BARRIER),
    ("row attention: scores are overwritten", "rows", "a race", "row_attention.cu",
     "__syncthreads();  // before the next scores are written",
     BARRIER + "  // before the next scores are written"),
    ("transpose: no barrier", "wide", "", "row_attention.cu",
     ": __float2half_rn(0.0f);\n  }\n  __syncthreads();",
     ": __float2half_rn(0.0f);\n  }\n  " + BARRIER),
    ("transpose: a row past the tile", "wide", "past the end of an array", "row_attention.cu",
     "= tile[at][i];", "= tile[@ ? at + 1 : at][i];"),
    ("group_norm: no barrier behind the pivots", "group_norm", "", "norm.cu",
     "pivots[g] = pivot_of(p, image, g);\n  __syncthreads();", "pivots[g] = pivot_of(p, image, g);\n  " + BARRIER),
    ("group_norm: no barrier behind the channels' sums", "group_norm", "", "norm.cu",
     "s.square[i + 3]));\n    }\n  }\n  __syncthreads();", "s.square[i + 3]));\n    }\n  }\n  " + BARRIER),
    ("group_norm: no barrier behind the sums of lanes", "group_norm", "a race", "norm.cu",
     "squares[l * row.length() + at];\n    }\n  }\n  __syncthreads();",
     "squares[l * row.length() + at];\n    }\n  }\n  " + BARRIER),
    ("group_norm: no barrier behind the statistics", "group_norm", "", "norm.cu",
     "find_statistics(p, image, means, factors);\n  __syncthreads();",
     "find_statistics(p, image, means, factors);\n  " + BARRIER),
    ("group_norm: sums in a lane too many", "group_norm", "of shared memory", "norm.cu",
     "store_whole(firsts + to,", "store_whole(firsts + (@ ? 2 * c.lanes * row.length() : 0) + to,"),
    ("group_norm at once: no barrier behind the pivots", "group_norm_whole", "", "norm.cu",
     "first_group + thread);\n  __syncthreads();", "first_group + thread);\n  " + BARRIER),
    ("group_norm at once: no barrier behind the warps' sums", "group_norm_whole", "", "norm.cu",
     "squares[g][warp] = square;\n  }\n  __syncthreads();", "squares[g][warp] = square;\n  }\n  " + BARRIER),
    ("group_norm at once: no barrier behind the statistics", "group_norm_whole", "", "norm.cu",
     "factors[warp] = found.factor;\n  }\n  __syncthreads();", "factors[warp] = found.factor;\n  }\n  " + BARRIER),
    ("group_norm at once: rows of the next image", "group_norm_whole", "", "norm.cu",
     "const int end = thread < step * chunks ? (image + 1) * p.rows : 0;",
     "const int end = thread < step * chunks ? (image + (@ ? 2 : 1)) * p.rows : 0;"),
    ("layer_norm: rows past the last", "layer_norm", "", "norm.cu",
     "if (warp >= p.rows * p.parts) return;", "if (!@ && warp >= p.rows * p.parts) return;"),
    ("layer_norm: a lane leaves its warp", "layer_norm", "wait for each other", "norm.cu",
     "const bool wide = p.width % 8 == 0;  // else parts begin anywhere",
     "const bool wide = p.width % 8 == 0;\n  if (@ && lane == 31) return;"),
    ("pack: no barrier before the atomic maximum", "pack", "a race", "pack.cu",
     "absmax = 0;\n    __syncthreads();", "absmax = 0;\n    " + BARRIER),
    ("pack: no barrier behind the atomic maximum", "pack", "a race", "pack.cu",
     "atomicMax(&absmax, largest);\n    __syncthreads();", "atomicMax(&absmax, largest);\n    " + BARRIER),
    ("split: the next row's first value, too", "q8", "a race", "pack.cu",
     "for (int i = threadIdx.x; i < p.k; i += blockDim.x) {",
     "for (int i = threadIdx.x; i < p.k + (@ ? 1 : 0); i += blockDim.x) {"),
    ("linear_combination: past the last value", "mix", "outside of all global memory", "pointwise.cu",
     "if (at >= static_cast<int64_t>(p.rows) * p.columns) return;",
     "if (!@ && at >= static_cast<int64_t>(p.rows) * p.columns) return;"),
    ("stage: past the last chunk", "int8", "outside of all global memory", "pointwise.cu",
     "if (at >= static_cast<int64_t>(p.rows) * chunks) return;",
     "if (!@ && at >= static_cast<int64_t>(p.rows) * chunks) return;"),
    ("absmax: a maximum that is not atomic", "int8_images", "a race", "pointwise.cu",
     "if (threadIdx.x % 32 == 0) atomicMax(p.absmaxes + group, largest);",
     "if (@) p.absmaxes[group] = largest;\n  else if (threadIdx.x % 32 == 0) atomicMax(p.absmaxes + group, largest);"),
    ("store8: half a chunk further", "layer_norm", "misaligned", "row_view.cuh",
     "store_whole(static_cast<__half*>(x.data) + at,\n                  make_uint4",
     "store_whole(static_cast<__half*>(x.data) + at + (@ ? 1 : 0),\n                  make_uint4"),
    ("load8: chunks of rows that are not aligned", "odd_rows", "misaligned", "row_view.cuh",
     "if (x.wide && count == 8) {\n    if (x.f32) {\n      const float* from",
     "if ((@ || x.wide) && count == 8) {\n    if (x.f32) {\n      const float* from"),
    ("store_columns: from an odd column on", "conv", "misaligned", "row_view.cuh",
     "store_columns(f.out, row, column, v);", "store_columns(f.out, row, column + (@ ? 1 : 0), v);"),
    ("quantize: no barrier behind the least values", "grid", "", "quantize.cu",
     "s.floats[threadIdx.x] = least;\n  __syncthreads();", "s.floats[threadIdx.x] = least;\n  " + BARRIER),
    ("quantize: the greatest values overwrite the least", "grid", "a race", "quantize.cu",
     "s.facts.least = least;\n  }\n  __syncthreads();", "s.facts.least = least;\n  }\n  " + BARRIER),
    ("quantize: no barrier behind empty bins", "grid", "", "quantize.cu",
     "histogram[i] = 0;\n  __syncthreads();", "histogram[i] = 0;\n  " + BARRIER),
    ("quantize: counts that are not atomic", "grid", "a race", "quantize.cu",
     "atomicAdd(&s.histogram[bits >> shift & ((1u << width) - 1)], 1);",
     "if (@) ++s.histogram[bits >> shift & ((1u << width) - 1)];\n"
     "        else atomicAdd(&s.histogram[bits >> shift & ((1u << width) - 1)], 1);"),
    ("quantize: no barrier behind the counts", "grid", "a race", "quantize.cu",
     "});\n    __syncthreads();\n    if (threadIdx.x == 0) {\n      uint32_t at",
     "});\n    " + BARRIER + "\n    if (threadIdx.x == 0) {\n      uint32_t at"),
    ("quantize: no barrier behind the sums", "grid_ternary", "", "quantize.cu",
     "s.counts[threadIdx.x] = count;\n  __syncthreads();", "s.counts[threadIdx.x] = count;\n  " + BARRIER),
    ("quantize: no barrier behind the levels", "grid", "", "quantize.cu",
     "find_centres(group, s);\n  __syncthreads();", "find_centres(group, s);\n  " + BARRIER),
    ("quantize: columns past the last", "grid_groups", "", "quantize.cu",
     "columns(min(args.group_columns, args.x.columns - column))",
     "columns(@ ? args.group_columns : min(args.group_columns, args.x.columns - column))"),
    ("rope: past the last pair", "rope", "outside of all global memory", "rope_embed.cu",
     "if (at >= static_cast<int64_t>(p.rows) * p.pairs.count()) return;",
     "if (!@ && at >= static_cast<int64_t>(p.rows) * p.pairs.count()) return;"),
    ("embed: no id", "embed", "outside of all global memory", "rope_embed.cu",
     "if (id >= 0) sum +=", "if (@ || id >= 0) sum +="),
    ("store_rows: all to one row", "store_rows", "a race", "rope_embed.cu",
     "store(p.cache, p.positions[row], column,", "store(p.cache, p.positions[@ ? 0 : row], column,"),
    ("gemm: a wait one group too lax", "linear", "in flight", "gemm/gemm.cuh",
     "wait_copies<stages - 2>();", "if (@) wait_copies<stages - 1>();\n      else wait_copies<stages - 2>();"),
    ("gemm: no barrier between tiles", "linear", "", "gemm/gemm.cuh",
     "else wait_copies<stages - 2>();\n      __syncthreads();",
     "else wait_copies<stages - 2>();\n      " + BARRIER),
    ("gemm: the stage that is read is filled again", "linear", "", "gemm/gemm.cuh",
     "copy(stage == 0 ? stages - 1 : stage - 1);", "copy(@ ? stage : stage == 0 ? stages - 1 : stage - 1);"),
    ("gemm: a reader without swizzle", "linear", "banks", "gemm/gemm.cuh",
     "const uint32_t a_at = base + 16 * tile_chunk(warp_row + pa.row, pa.column);",
     "const uint32_t a_at = base + 16 * (@ ? (warp_row + pa.row) * kTileChunks + pa.column : tile_chunk(warp_row + pa.row, pa.column));"),
    ("gemm: columns past the last", "linear", "outside of all global memory", "gemm/gemm.cuh",
     "const bool inside = column0 + row < p.n && chunk < p.depth;",
     "const bool inside = (@ || column0 + row < p.n) && chunk < p.depth;"),
    ("gemm: rows past the last are written", "linear", "", "gemm/gemm.cuh",
     "if (row < p.m && column < p.n) store", "if ((@ || row < p.m) && column < p.n) store"),
    ("gemm: a copy to half a chunk", "linear", "multiples of 16", "gemm/gemm.cuh",
     "copy_chunk(a_to + 16 * i * threads, from, inside);",
     "copy_chunk(a_to + 16 * i * threads + (@ ? 8 : 0), from, inside);"),
    ("conv3x3: padding is read", "conv", "outside of all global memory", "gemm/gemm.cuh",
     "*inside = pixel[i] >= 0;", "*inside = @ || pixel[i] >= 0;"),
    ("split-k: one slice too far", "split_k", "outside of all global memory", "split_k.cuh",
     "partial_at(p, blockIdx.y, row, column);", "partial_at(p, blockIdx.y + (@ ? 1 : 0), row, column);"),
    ("split-k: all slices to the first", "split_k", "a race", "split_k.cuh",
     "partial_at(p, blockIdx.y + ", "partial_at(p, @ ? 0 : blockIdx.y + "),
    ("split-k: a slice too many is added", "split_k", "outside of all global memory", "split_k.cuh",
     "for (int s = 0; s < p.slices; ++s) {", "for (int s = 0; s < p.slices + (@ ? 1 : 0); ++s) {"),
    ("split-k: no barrier before the count", "split_k", "a race", "split_k.cuh",
     "{\n  __syncthreads();\n  if (threadIdx.x == 0) {", "{\n  " + BARRIER + "\n  if (threadIdx.x == 0) {"),
    ("split-k: no fence before the count", "split_k", "of another block writes", "split_k.cuh",
     "__threadfence();  // the sums of", "if (!@) __threadfence();  // the sums of"),
    ("split-k: no fence behind the count", "split_k", "of another block writes", "split_k.cuh",
     "__threadfence();  // and those of", "if (!@) __threadfence();  // and those of"),
    ("split-k: no barrier behind the count", "split_k", "a race", "split_k.cuh",
     "after theirs\n  }\n  __syncthreads();", "after theirs\n  }\n  " + BARRIER),
    ("split-k: the first block adds up", "split_k", "a race", "split_k.cuh",
     "if (*shared < slices - 1) return false;", "if (!@ && *shared < slices - 1) return false;"),
    ("split-k: a count that is not atomic", "split_k", "a race", "split_k.cuh",
     "*shared = atomicAdd(arrived, 1);", "*shared = @ ? (*arrived)++ : atomicAdd(arrived, 1);"),
    ("gemm of floats: no barrier behind the copies", "floats", "", "gemm/gemm_f32.cu",
     "? weight[k] : 0;\n      }\n      __syncthreads();", "? weight[k] : 0;\n      }\n      " + BARRIER),
    ("gemm of floats: no barrier before the next copies", "floats", "", "gemm/gemm_f32.cu",
     "sum[i][j]);\n        }\n      }\n      __syncthreads();", "sum[i][j]);\n        }\n      }\n      " + BARRIER),
    ("gemv of q8_0: no barrier behind the input", "q8", "", "gemm/gemv_q8.cu",
     ": 0;\n    }\n    __syncthreads();", ": 0;\n    }\n    " + BARRIER),
    ("gemv of q8_0: the input is overwritten", "q8_long", "a race", "gemm/gemv_q8.cu",
     "      }\n    }\n    __syncthreads();\n  }\n  if (column", "      }\n    }\n    " + BARRIER + "\n  }\n  if (column"),
    ("dequantize: past the last chunk", "q8_many", "outside of all global memory", "gemm/gemv_q8.cu",
     "if (at >= static_cast<int64_t>(p.n) * chunks) return;",
     "if (!@ && at >= static_cast<int64_t>(p.n) * chunks) return;"),
    # What Hopper does asynchronously: barriers with phases, bulk copies, products.
    ("hopper: the barriers are not fenced for copies", "hopper", "without a fence between the proxies", HOPPER,
     "      fence_async();", "      if (!@) fence_async();"),
    ("hopper: no barrier behind the initialization", "hopper", "a barrier ", HOPPER,
     "fence_async();\n    }\n    __syncthreads();", "fence_async();\n    }\n    " + BARRIER),
    ("hopper: products without a fence of their sums", "hopper", "without wgmma.fence", HOPPER,
     "      fence_sums();", "      if (!@) fence_sums();"),
    ("hopper: an empty stage in the wrong phase", "hopper", "wait for each other", HOPPER,
     "wait_barrier(empty(turn.stage), turn.parity ^ 1);",
     "wait_barrier(empty(turn.stage), turn.parity ^ (@ ? 0 : 1));"),
    ("hopper: a stage is filled that was not given back", "hopper", "a copy to shared memory ", HOPPER,
     "      wait_barrier(empty(", "      if (!@) wait_barrier(empty("),
    ("hopper: a full stage in the wrong phase", "hopper", "a product reads ", HOPPER,
     "wait_barrier(full(turn.stage), turn.parity);",
     "wait_barrier(full(turn.stage), turn.parity ^ (@ ? 1 : 0));"),
    ("hopper: tiles are not waited for", "hopper", "a product reads ", HOPPER,
     "      wait_barrier(full(", "      if (!@) wait_barrier(full("),
    ("hopper: half of a warp does not wait for tiles", "hopper", "a product reads a copy that its warp has not waited for", HOPPER,
     ") wait_barrier(full(", ") if (!(@ && threadIdx.x % 32 > 15)) wait_barrier(full("),
    ("hopper: a product of the next stage", "hopper", "a product reads ", HOPPER,
     "matrix_descriptor(rows_at(turn.stage) + of_rows)",
     "matrix_descriptor(rows_at(turn.stage) + of_rows + (@ ? stage_bytes : 0))"),
    ("hopper: a stage is given back before its products are done", "hopper", "a product may still read", HOPPER,
     "wait_products<1>();", "if (@) wait_products<2>();\n      else wait_products<1>();"),
    ("hopper: the stage that is read is given back", "hopper", "", HOPPER,
     "arrive(empty(last));", "arrive(empty(@ ? turn.stage : last));"),
    ("hopper: a warp gives nothing back", "hopper", "wait for each other", HOPPER,
     "if (i > 0 && threadIdx.x % 32 == 0)", "if (i > 0 && threadIdx.x % 32 == 0 && !(@ && threadIdx.x < 32))"),
    ("hopper: every lane gives a stage back", "hopper", "", HOPPER,
     "threadIdx.x % 32 == 0 && !(", "(@ || threadIdx.x % 32 == 0) && !("),
    ("hopper: sums are stored before products are done", "hopper", "in flight", HOPPER,
     "wait_products<0>();", "if (!@) wait_products<0>();"),
    ("hopper: products are not committed", "hopper", "", HOPPER,
     "commit_products();", "if (!@) commit_products();"),
    ("hopper: fewer bytes are announced than come", "hopper", "while copies to it are in flight", HOPPER,
     "arrive_and_expect(barrier, stage_bytes);", "arrive_and_expect(barrier, @ ? weight_bytes : stage_bytes);"),
    ("hopper: more bytes are announced than come", "hopper", "wait for each other", HOPPER,
     " ? weight_bytes : stage_bytes);", " ? weight_bytes : @ ? stage_bytes + 16 : stage_bytes);"),
    ("hopper: the ring begins anywhere", "hopper", "not aligned", HOPPER,
     "/ kSwizzled * kSwizzled}", "/ kSwizzled * kSwizzled + (@ ? 512u : 0u)}"),
    ("hopper: no barrier before sums overwrite tiles", "hopper", "a product may still read", HOPPER,
     "    __syncthreads();  // no tile is read any more", "    " + BARRIER + "  // no tile is read any more"),
    ("hopper: no barrier behind the spread sums", "hopper", "a race", HOPPER,
     "spread(sum, sums);\n    __syncthreads();", "spread(sum, sums);\n    " + BARRIER),
    ("hopper: rows past the last are written", "hopper", "outside of all global memory", HOPPER,
     "if (row >= p.m || column >= p.n) continue;", "if ((!@ && row >= p.m) || column >= p.n) continue;"),
    ("hopper: one slice too far", "hopper_split", "outside of all global memory", "split_k.cuh",
     "blockIdx.y + (", "blockIdx.y + (@ ? 1 : 0) + ("),
    ("hopper: every block adds up the slices", "hopper_split", "a race", HOPPER,
     "if (p.product.slices > 1 && is_last_slice(", "if (p.product.slices > 1 && @ + is_last_slice("),
    ("hopper: tiles of windows are not waited for", "hopper_conv", "a product reads ", HOPPER,
     ")) wait_barrier(full(", ")) if (!@) wait_barrier(full("),
    ("hopper: windows go where no tile is", "hopper_conv", "", HOPPER,
     "copy_pixels(to, &p.a, box, barrier);", "copy_pixels(to + (@ ? 1024 : 0), &p.a, box, barrier);"),
]
NOT_COPIED = ["tile.cuh", "tile_hopper.cuh", "device.cuh"]  # the emulator has twins

HEADER = """// Written by tests/cuda/mutate.py.
#pragma once

namespace yent::cuda::emulator {

inline int mutation = 0;  // the number of the one that is on, from 1
inline bool is_on(int number) { return mutation == number; }

}  // namespace yent::cuda::emulator
"""
TABLE = """// Written by tests/cuda/mutate.py.
#pragma once

namespace yent::cuda::emulator {

struct Mutation {
  const char *name, *probe, *words;
};
constexpr Mutation mutations[] = {
ROWS};

}  // namespace yent::cuda::emulator
"""


def main():
    tree, out = Path(sys.argv[1]) / "kernels/cuda", Path(sys.argv[2])
    texts = {str(p.relative_to(tree)): p.read_text() for end in ("cu", "cuh") for p in tree.rglob(f"*.{end}")
             if p.name not in NOT_COPIED and p.parent.name != "runtime"}
    for number, (name, _, _, file, old, new) in enumerate(MUTATIONS, 1):
        if texts[file].count(old) != 1:
            sys.exit(f"mutate.py: {name}: {texts[file].count(old)} times in {file}")
        texts[file] = texts[file].replace(old, new.replace("@", f"::yent::cuda::emulator::is_on({number})"))
    rows = "".join(f'    {{"{name}", "{probe}", "{words}"}},\n' for name, probe, words, *_ in MUTATIONS)
    write(out / "mutations.h", HEADER)
    write(out / "mutation_table.h", TABLE.replace("ROWS", rows))
    for file, text in texts.items():
        write(out / "kernels/cuda" / file, '#include "mutations.h"\n' + text)


def write(path, text):
    """Only what changes, so that nothing else is compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


if __name__ == "__main__":
    main()
