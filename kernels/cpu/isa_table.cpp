#include "kernels/cpu/isa_table.h"

#include "kernels/error.h"
#include "kernels/spelling.h"

namespace yent {

extern const Gemm gemm_f32_ref, gemm_bf16_ref, gemm_i8_ref;
extern const Attention attention_ref;
extern const PackedAttention attention_bf16_ref, attention_i8_ref;
extern const GemvQ8 gemv_q8_ref;
extern const RowKernels row_kernels_ref;

#if defined(__x86_64__)
extern const Gemm gemm_f32_avx2, gemm_f32_avx512;
extern const Gemm gemm_bf16_amx, gemm_i8_amx;
extern const Gemm gemm_bf16_avx2, gemm_bf16_avx512, gemm_bf16_avx512bf16;
extern const Gemm gemm_i8_avx2, gemm_i8_avxvnni, gemm_i8_avx512vnni;
extern const Attention attention_avx2, attention_avx512;
extern const PackedAttention attention_bf16_amx;
extern const PackedAttention attention_i8_avx2, attention_i8_avxvnni, attention_i8_avx512vnni;
extern const GemvQ8 gemv_q8_avx2, gemv_q8_avxvnni, gemv_q8_avx512, gemv_q8_avx512vnni;
extern const RowKernels row_kernels_avx2, row_kernels_avx512, row_kernels_avx512bf16;
extern const ExactAttention attention_exact_avx2, attention_exact_avxvnni;
extern const ExactAttention attention_exact_avx512, attention_exact_avx512vnni;
extern const RowKernels row_kernels_exact_avx2, row_kernels_exact_avx512;
#elif defined(__aarch64__)
extern const Gemm gemm_f32_neon, gemm_bf16_neon;
extern const Gemm gemm_i8_neon, gemm_i8_neon_dot, gemm_i8_neon_i8mm;
extern const Attention attention_neon;
extern const PackedAttention attention_i8_neon_dot;
extern const GemvQ8 gemv_q8_neon, gemv_q8_neon_dot;
extern const RowKernels row_kernels_neon;
extern const ExactAttention attention_exact_neon, attention_exact_neon_dot;
extern const RowKernels row_kernels_exact_neon;
#endif

namespace {

// The row of an instruction set that multiplies int8 no faster than f32: it has no functions.
[[maybe_unused]] constexpr PackedAttention no_dot(Isa isa) { return {.name = "f32", .isa = isa}; }

#if defined(__x86_64__)
const Gemm* const gemm_f32_rows[] = {&gemm_f32_avx512, &gemm_f32_avx2, &gemm_f32_ref};
const Gemm* const gemm_bf16_rows[] = {&gemm_bf16_amx, &gemm_bf16_avx512bf16, &gemm_bf16_avx512,
                                      &gemm_bf16_avx2, &gemm_bf16_ref};
const Gemm* const gemm_i8_rows[] = {&gemm_i8_amx, &gemm_i8_avx512vnni, &gemm_i8_avxvnni,
                                    &gemm_i8_avx2, &gemm_i8_ref};
const Attention* const attention_rows[] = {&attention_avx512, &attention_avx2, &attention_ref};
const PackedAttention* const attention_bf16_rows[] = {&attention_bf16_amx, &attention_bf16_ref};
const PackedAttention* const attention_i8_rows[] = {&attention_i8_avx512vnni, &attention_i8_avxvnni,
                                                    &attention_i8_avx2, &attention_i8_ref};
const GemvQ8* const gemv_q8_rows[] = {&gemv_q8_avx512vnni, &gemv_q8_avx512, &gemv_q8_avxvnni,
                                      &gemv_q8_avx2, &gemv_q8_ref};
const RowKernels* const row_kernels_rows[] = {&row_kernels_avx512bf16, &row_kernels_avx512,
                                              &row_kernels_avx2, &row_kernels_ref};
const ExactAttention* const attention_exact_rows[] = {
    &attention_exact_avx512vnni, &attention_exact_avx512, &attention_exact_avxvnni,
    &attention_exact_avx2};
const RowKernels* const row_kernels_exact_rows[] = {&row_kernels_exact_avx512,
                                                    &row_kernels_exact_avx2};
#elif defined(__aarch64__)
constexpr PackedAttention attention_i8_neon = no_dot(Isa::neon);
const Gemm* const gemm_f32_rows[] = {&gemm_f32_neon, &gemm_f32_ref};
const Gemm* const gemm_bf16_rows[] = {&gemm_bf16_neon, &gemm_bf16_ref};
const Gemm* const gemm_i8_rows[] = {&gemm_i8_neon_i8mm, &gemm_i8_neon_dot, &gemm_i8_neon,
                                    &gemm_i8_ref};
const Attention* const attention_rows[] = {&attention_neon, &attention_ref};
const PackedAttention* const attention_bf16_rows[] = {&attention_bf16_ref};
const PackedAttention* const attention_i8_rows[] = {&attention_i8_neon_dot, &attention_i8_neon,
                                                    &attention_i8_ref};
const GemvQ8* const gemv_q8_rows[] = {&gemv_q8_neon_dot, &gemv_q8_neon, &gemv_q8_ref};
const RowKernels* const row_kernels_rows[] = {&row_kernels_neon, &row_kernels_ref};
const ExactAttention* const attention_exact_rows[] = {&attention_exact_neon_dot,
                                                      &attention_exact_neon};
const RowKernels* const row_kernels_exact_rows[] = {&row_kernels_exact_neon};
#else
const Gemm* const gemm_f32_rows[] = {&gemm_f32_ref};
const Gemm* const gemm_bf16_rows[] = {&gemm_bf16_ref};
const Gemm* const gemm_i8_rows[] = {&gemm_i8_ref};
const Attention* const attention_rows[] = {&attention_ref};
const PackedAttention* const attention_bf16_rows[] = {&attention_bf16_ref};
const PackedAttention* const attention_i8_rows[] = {&attention_i8_ref};
const GemvQ8* const gemv_q8_rows[] = {&gemv_q8_ref};
const RowKernels* const row_kernels_rows[] = {&row_kernels_ref};
constexpr std::span<const ExactAttention* const> attention_exact_rows;
constexpr std::span<const RowKernels* const> row_kernels_exact_rows;
#endif

constexpr const char* names[] = {"ref",        "avx2", "avxvnni", "avx512",   "avx512vnni",
                                 "avx512bf16", "amx",  "neon",    "neon_dot", "neon_i8mm"};
static_assert(std::size(names) == isa_count);

}  // namespace

std::span<const Gemm* const> gemm_f32_table() { return gemm_f32_rows; }
std::span<const Gemm* const> gemm_bf16_table() { return gemm_bf16_rows; }
std::span<const Gemm* const> gemm_i8_table() { return gemm_i8_rows; }
std::span<const Attention* const> attention_table() { return attention_rows; }
std::span<const PackedAttention* const> attention_bf16_table() { return attention_bf16_rows; }
std::span<const PackedAttention* const> attention_i8_table() { return attention_i8_rows; }
std::span<const GemvQ8* const> gemv_q8_table() { return gemv_q8_rows; }
std::span<const RowKernels* const> row_kernels_table() { return row_kernels_rows; }
std::span<const ExactAttention* const> attention_exact_table() { return attention_exact_rows; }
std::span<const RowKernels* const> row_kernels_exact_table() { return row_kernels_exact_rows; }

const char* isa_name(Isa isa) { return names[static_cast<int>(isa)]; }

bool supports(const CpuFeatures& f, Isa isa) {
  switch (isa) {
    case Isa::ref:
      return true;
    case Isa::avx2:
      return f.avx2;
    case Isa::avxvnni:
      return f.avxvnni;
    case Isa::avx512:
      return f.avx512;
    case Isa::avx512vnni:
      return f.avx512vnni;
    case Isa::avx512bf16:
      return f.avx512bf16;
    case Isa::amx:
      return f.amx;
    case Isa::neon:
      return f.neon;
    case Isa::neon_dot:
      return f.neon_dot;
    case Isa::neon_i8mm:
      return f.neon_i8mm;
  }
  return false;
}

Isa resolve_cap(const std::string& name, const CpuFeatures& features) {
  std::vector<std::string> known;
  Isa best = Isa::ref;
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (supports(features, isa)) best = isa;
    if (name == isa_name(isa)) {
      if (supports(features, isa)) return isa;
      throw run_error("isa {}: this machine does not have it; its best is {}", name,
                      isa_name(resolve_cap("", features)));
    }
    known.emplace_back(isa_name(isa));
  }
  if (!name.empty()) throw usage_error("isa {} is unknown, expected {}", name, one_of(name, known));
  return best;
}

Kernels pick_kernels(Isa cap, const CpuFeatures& f) {
  CpuFeatures quick = f;
  quick.avx512bf16 = f.avx512bf16 && f.quick_bf16;
  return {pick(gemm_f32_table(), cap, f),       pick(gemm_bf16_table(), cap, quick),
          pick(gemm_i8_table(), cap, f),        pick(attention_table(), cap, f),
          pick(attention_bf16_table(), cap, f), pick(attention_i8_table(), cap, f),
          pick(gemv_q8_table(), cap, f),        pick(row_kernels_table(), cap, f)};
}

Kernels pick_exact_kernels(Isa cap, const CpuFeatures& f) {
  const Kernels k = pick_kernels(cap, f);
  return {k.gemm_f32,
          k.gemm_bf16,
          k.gemm_i8,
          k.attention,
          k.attention_bf16,
          k.attention_i8,
          k.gemv_q8,
          pick(row_kernels_exact_table(), cap, f),
          &pick(attention_exact_table(), cap, f)};
}

}  // namespace yent
