#include <doctest/doctest.h>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/runtime/features.h"
#include "kernels/error.h"

using namespace yent;

namespace {

Error::Kind kind_of(const std::string& cap, const CpuFeatures& features) {
  try {
    resolve_cap(cap, features);
  } catch (const Error& e) {
    return e.kind();
  }
  FAIL("no error");
  return Error::run;
}

}  // namespace

TEST_CASE("features: the ladder has no missing rung") {
  const CpuFeatures f = detect_features();
  CHECK((f.avx2 || !f.avx512));
  CHECK((f.avx512 || !f.avx512vnni));
  CHECK((f.avx512 || !f.amx));
  CHECK((f.avx512bf16 || !f.quick_bf16));
  CHECK((f.neon || !f.neon_dot));
  CHECK((f.neon_dot || !f.neon_i8mm));
  CHECK(!(f.avx2 && f.neon));
}

TEST_CASE("features: a cap is known, had, or refused in its own way") {
  const CpuFeatures old{.avx2 = true};
  CHECK(resolve_cap("", old) == Isa::avx2);
  CHECK(resolve_cap("ref", old) == Isa::ref);
  CHECK(kind_of("avx512", old) == Error::run);
  CHECK(kind_of("neon", old) == Error::run);
  CHECK(kind_of("sse9", old) == Error::usage);
  CHECK(kind_of("AVX2", old) == Error::usage);
  try {
    resolve_cap("sse9", old);
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("avx512vnni") != std::string::npos);
  }
}

TEST_CASE("features: an op takes the best row at or below the cap") {
  const CpuFeatures all{.avx2 = true, .avxvnni = true, .avx512 = true, .avx512vnni = true};
  for (const Gemm* row : gemm_f32_table()) {
    if (row->isa >= Isa::neon) continue;
    CHECK(&pick(gemm_f32_table(), row->isa, all) == row);
  }
  if (gemm_f32_table().front()->isa == Isa::avx512) {
    CHECK(pick(gemm_f32_table(), Isa::avxvnni, all).isa == Isa::avx2);
    CHECK(pick(gemm_f32_table(), Isa::amx, all).isa == Isa::avx512);
  }
  CHECK(pick(gemm_f32_table(), Isa::amx, {}).isa == Isa::ref);
}

TEST_CASE("features: the backend tells its cap and its threads") {
  CHECK(make_cpu_backend({.isa = "ref"})->isa() == "ref");
  const auto backend = make_cpu_backend({.threads = 3});
  CHECK(backend->device() == "cpu");
  CHECK(backend->isa() == isa_name(resolve_cap("", detect_features())));
  if (backend->isa() != "ref") CHECK(backend->threads() == 3);
}
