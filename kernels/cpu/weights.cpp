#include "kernels/cpu/weights.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/cpu/gemv/block_panels.h"
#include "kernels/cpu/gemv/q8_weight.h"
#include "kernels/error.h"
#include "kernels/read_elements.h"

namespace yent {
namespace {

// For every output column, its part of the source and its row there.
using Origin = std::pair<const LinearSource::Part*, size_t>;

std::vector<Origin> origins(const LinearSource& source) {
  std::vector<Origin> origin;
  for (const auto& part : source.parts) {
    for (int64_t r = 0; r < part.weight.dims[0]; ++r) origin.emplace_back(&part, r);
  }
  if (source.paired) {
    for (size_t c = 0; c < origin.size(); ++c) origin[c] = {&source.parts[c % 2], c / 2};
  }
  return origin;
}

bool is_q8(const LinearSource& source) {
  return std::all_of(source.parts.begin(), source.parts.end(),
                     [](const auto& part) { return part.weight.dtype == DType::q8_0; });
}

// Products of many rows expand it to panels of f32 as they go.
void set_gemv(CpuLinearWeight& w, std::shared_ptr<const GemvWeight> gemv, const Gemm& gemm,
              const LinearSource& source, int columns) {
  const HostTensor& weight = source.parts[0].weight;
  w.gemm =
      expanded_gemm_weight(gemm, columns, static_cast<int>(weight.dims[1]), block_granule(source));
  w.bytes = gemv->bytes();
  w.gemm.expand = [gemv](float* to, float* room, size_t panel, size_t k0, size_t depth) {
    gemv->expand(to, room, panel, k0, depth);
  };
  w.gemv = std::move(gemv);
}

}  // namespace

const Gemm& gemm_for(const Kernels& kernels, Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return kernels.gemm_bf16;
    case Precision::int8:
      return kernels.gemm_i8;
    case Precision::f32:
    case Precision::f16:
      break;
  }
  return kernels.gemm_f32;
}

std::shared_ptr<CpuLinearWeight> pack_linear_weight(const Kernels& kernels, int threads,
                                                    const LinearSource& source,
                                                    Precision precision) {
  auto w = std::make_shared<CpuLinearWeight>();
  const HostTensor& first = source.parts[0].weight;
  const int k = static_cast<int>(first.dims[1]);
  const std::vector<Origin> origin = origins(source);
  const int columns = static_cast<int>(origin.size());
  const GemvQ8& gemv = kernels.gemv_q8;

  if (precision == Precision::f32 && k % 32 == 0 && is_q8(source)) {
    set_gemv(*w, make_q8_weight(gemv, kernels.gemm_f32, threads, source), kernels.gemm_f32, source,
             columns);
    w->kernel = fmt::format("q8_0 {}", gemv.name);
  } else if (precision == Precision::f32 && suits_block_panels(gemv, source)) {
    const auto row_of = [&](size_t c) -> const std::byte* {
      if (c >= origin.size()) return nullptr;
      const auto& [part, row] = origin[c];
      return part->weight.data + row * (part->weight.bytes / part->weight.dims[0]);
    };
    set_gemv(*w, make_block_panels(gemv, kernels.gemm_f32, threads, source, row_of),
             kernels.gemm_f32, source, columns);
    w->kernel = fmt::format("{} {}", dtype_name(first.dtype), gemv.name);
  } else {
    const Gemm& gemm = gemm_for(kernels, precision);
    const GemmSource rows{columns, 1, k, [&](size_t column, float* to) {
                            const auto& [part, row] = origin[column];
                            read_weight(kernels.row_kernels, part->weight, row * k, k, to);
                          }};
    w->gemm = pack_gemm_weight(gemm, kernels.row_kernels, threads, rows, precision);
    w->bytes = w->gemm.bytes;
    w->kernel = kernel_name(precision, gemm);
  }
  for (int c = 0; c < columns; ++c) {
    const HostTensor& bias = origin[c].first->bias;
    if (!bias.dims.empty()) read_elements(bias, origin[c].second, 1, &w->gemm.bias[c]);
  }
  return w;
}

}  // namespace yent
