// The tables of kernels, a row for each instruction set, and the only place that picks rows.
#pragma once

#include <span>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemv/gemv_q8.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/features.h"

namespace yent {

// The best row first, `ref` last, which runs everywhere. They hold only rows of this architecture.
std::span<const Gemm* const> gemm_f32_table();
std::span<const Gemm* const> gemm_bf16_table();
std::span<const Gemm* const> gemm_i8_table();
std::span<const Attention* const> attention_table();
std::span<const PackedAttention* const> attention_bf16_table();
std::span<const PackedAttention* const> attention_i8_table();
std::span<const GemvQ8* const> gemv_q8_table();
std::span<const RowKernels* const> row_kernels_table();
// Rows that all have the same bits; they have no `ref`.
std::span<const ExactAttention* const> attention_exact_table();
std::span<const RowKernels* const> row_kernels_exact_table();

bool supports(const CpuFeatures& features, Isa isa);
const char* isa_name(Isa isa);

// The cap in force: the one of that name, or for "" the best of this machine. An unknown name is a
// usage error, a known one that this machine does not have is a run error.
Isa resolve_cap(const std::string& name, const CpuFeatures& features);

// The best row at or below the cap that the machine supports.
template <class Row>
const Row& pick(std::span<const Row* const> table, Isa cap, const CpuFeatures& features) {
  for (const Row* row : table) {
    if (row->isa <= cap && supports(features, row->isa)) return *row;
  }
  return *table.back();
}

// The rows that one backend runs. All rows live as long as the program.
struct Kernels {
  const Gemm &gemm_f32, &gemm_bf16, &gemm_i8;
  const Attention& attention;
  const PackedAttention &attention_bf16, &attention_i8;
  const GemvQ8& gemv_q8;
  const RowKernels& row_kernels;
  // Of an exact backend, whose row_kernels are from the exact table: the attention it has for int8.
  const ExactAttention* attention_exact = nullptr;

  bool exact() const { return attention_exact != nullptr; }
};
Kernels pick_kernels(Isa cap, const CpuFeatures& features);
// `cap` is not ref.
Kernels pick_exact_kernels(Isa cap, const CpuFeatures& features);

}  // namespace yent
