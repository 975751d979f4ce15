// The tables of kernels, and the only place that picks one.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemv/gemv_q8.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/features.h"

namespace yent {

// Best first; `ref` last, which runs everywhere. Only rows of this architecture.
std::span<const Gemm* const> gemm_f32_table();
std::span<const Gemm* const> gemm_bf16_table();
std::span<const Gemm* const> gemm_i8_table();
std::span<const Attention* const> attention_table();
std::span<const AttentionBf16* const> attention_bf16_table();
std::span<const AttentionBf16* const> attention_i8_table();
std::span<const GemvQ8* const> gemv_q8_table();
std::span<const RowKernels* const> row_kernels_table();

bool supports(const CpuFeatures& features, Isa isa);
const char* isa_name(Isa isa);

// The cap in force: the one asked for, or for "" the best of this machine. Unknown names are
// a usage error, known ones the machine has not a run error.
Isa resolve_cap(const std::string& name, const CpuFeatures& features);

// The best row at or below the cap that the machine supports.
template <class Row>
const Row& pick(std::span<const Row* const> table, Isa cap, const CpuFeatures& features) {
  for (const Row* row : table) {
    if (row->isa <= cap && supports(features, row->isa)) return *row;
  }
  return *table.back();
}

// What one backend runs on.
struct Kernels {
  const Gemm &gemm_f32, &gemm_bf16, &gemm_i8;
  const Attention& attention;
  const AttentionBf16 &attention_bf16, &attention_i8;
  const GemvQ8& gemv_q8;
  const RowKernels& row_kernels;
};
Kernels pick_kernels(Isa cap, const CpuFeatures& features);

// The CPU backend on the rows of a cap; with `ref` on the plain rows, which tests and
// benchmarks want to walk too (make_cpu_backend answers "ref" with the reference backend).
std::unique_ptr<Backend> make_table_backend(Isa cap, int threads);

}  // namespace yent
