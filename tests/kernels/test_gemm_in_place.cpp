// The driver of kernels that read A in place, on any machine: a plain kernel of that mode must give
// the same bits as the packed kernel.
#include <doctest/doctest.h>

#include <random>

#include "kernels/cpu/conv/conv_driver.h"
#include "kernels/cpu/conv/conv_row_blocks.h"
#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/gemm/linear_driver.h"
#include "kernels/cpu/gemm/linear_row_blocks.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/layout/layout.h"
#include "tests/support/arena.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

const Gemm& packed_kernel() { return *gemm_i8_table().back(); }
const RowKernels& row_kernels() { return *row_kernels_table().back(); }

void multiply_rows(int32_t* sums, int rows, const GemmRows& a, const void* b) {
  const int nr = packed_kernel().nr;
  std::fill_n(sums, rows * nr, 0);
  const int8_t* panel = static_cast<const int8_t*>(b);  // [k][nr]
  for (int s = 0; s < a.segments; ++s) {
    for (int p = 0; p < a.segment_bytes; ++p, panel += nr) {
      for (int i = 0; i < rows; ++i) {
        const auto* from = static_cast<const int8_t*>(a.sources[i / 16][s]);
        const int8_t value = from[i % 16 * a.step[i / 16] + p];
        for (int j = 0; j < nr; ++j) sums[i * nr + j] += value * panel[j];
      }
    }
  }
}

Gemm in_place_kernel() {
  Gemm g = packed_kernel();
  g.mr = 32;
  g.kr = 64;
  g.pack_a = nullptr;
  g.accumulate = nullptr;
  g.begin = g.end = [] {};
  g.multiply_in_place = [](void* sums, const GemmRows& a, const void* b, const void*, size_t,
                           const GemmTile* before) {
    if (before) packed_kernel().store_tile(*before);
    multiply_rows(static_cast<int32_t*>(sums), 32, a, b);
  };
  g.multiply_row_in_place = [](void* sums, const GemmRows& a, const void* b) {
    multiply_rows(static_cast<int32_t*>(sums), 1, a, b);
  };
  return g;
}

std::vector<float> fresh(size_t count) { return normals(count, std::random_device{}()); }

// f32 rows with a residual, a bias per image and a function.
struct Problem {
  Shape in, result;
  std::vector<float> x, weight, bias, time, residual;
  Epilogue e;

  Problem(Shape input, Shape output, int taps)
      : in(input),
        result(output),
        x(fresh(in.count())),
        weight(fresh(static_cast<size_t>(in.c) * output.c * taps)),
        bias(fresh(output.c)),
        time(fresh(static_cast<size_t>(output.n) * output.c)),
        residual(fresh(output.count())) {
    e.fn = Fn::silu;
    e.row_bias = {time.data(), {1, in.n, 1, output.c}, output.c, DType::f32};
    e.residual = {residual.data(), output, output.c, DType::f32};
  }

  Tensor input() { return {x.data(), in, in.c, DType::f32}; }
  HostTensor weight_of(std::vector<int64_t> dims) { return host(weight, std::move(dims)); }

  // The output of call(run, out).
  template <class Call>
  std::vector<float> result_of(int threads, const Call& call) {
    std::vector<float> out(result.count());
    TestArena arena;
    const CpuRun run{arena, threads, row_kernels()};
    call(run, Tensor{out.data(), result, result.c, DType::f32});
    return out;
  }
};

}  // namespace

TEST_CASE("in place: linears of any number of rows") {
  const Gemm in_place = in_place_kernel();
  for (const int rows : {1, 15, 33, 700, 2300}) {
    Problem p({2, rows, 1, rows == 700 ? 1100 : 70}, {2, rows, 1, 44}, 1);
    const GemmSource source{p.result.c, 1, p.in.c, [&](size_t column, float* to) {
                              std::copy_n(&p.weight[column * p.in.c], p.in.c, to);
                            }};
    const auto run_with = [&](const Gemm& kernel, int threads) {
      const GemmWeight w =
          pack_gemm_weight(kernel, row_kernels(), threads, source, Precision::int8);
      return p.result_of(threads, [&](const CpuRun& run, const Tensor& out) {
        linear_rows(run, out, p.input(), w, false, p.e);
      });
    };
    const auto expected = run_with(packed_kernel(), 1);
    for (const int threads : {1, 3}) CHECK(run_with(in_place, threads) == expected);
  }
}

TEST_CASE("in place: one row, and rows that are converted in blocks") {
  const Gemm in_place = in_place_kernel();
  for (const int rows : {1, 1300}) {
    Problem p({1, rows, 1, 70}, {1, rows, 1, 44}, 1);
    const GemmSource source{p.result.c, 1, p.in.c, [&](size_t column, float* to) {
                              std::copy_n(&p.weight[column * p.in.c], p.in.c, to);
                            }};
    const GemmWeight packed =
        pack_gemm_weight(packed_kernel(), row_kernels(), 1, source, Precision::int8);
    const GemmWeight w = pack_gemm_weight(in_place, row_kernels(), 1, source, Precision::int8);
    const auto expected = p.result_of(1, [&](const CpuRun& run, const Tensor& out) {
      linear_rows(run, out, p.input(), packed, false, p.e);
    });
    CHECK(p.result_of(1, [&](const CpuRun& run, const Tensor& out) {
      linear_rows(run, out, p.input(), w, false, p.e);
    }) == expected);
    CHECK(p.result_of(3, [&](const CpuRun& run, const Tensor& out) {
      linear_row_blocks(run, out, p.input(), w, p.e);
    }) == expected);
  }
}

TEST_CASE("in place: convolutions, upsampled, with a stride, and doubled by phases") {
  const Gemm in_place = in_place_kernel();
  struct Case {
    Shape in, out;
    ConvGeom geom;
  };
  const Case cases[] = {
      {{2, 9, 16, 70}, {2, 9, 16, 20}, {}},
      {{1, 9, 17, 70}, {1, 9, 17, 20}, {}},
      {{1, 10, 32, 70}, {1, 5, 16, 20}, {.stride = 2, .pad_top = 0, .pad_left = 0}},
      {{1, 5, 7, 70}, {1, 11, 13, 20}, {.upsample = true}},
      {{2, 5, 16, 70}, {2, 10, 32, 20}, {.upsample = true}}};
  for (const Case& c : cases) {
    Problem p(c.in, c.out, 9);
    const HostTensor file = p.weight_of({c.out.c, c.in.c, 3, 3}), bias = host(p.bias, {c.out.c});
    const auto run_with = [&](const Gemm& kernel, int threads) {
      ConvWeight w{.name = "conv", .in = c.in.c, .out = c.out.c, .precision = Precision::int8};
      w.packed = pack_conv_weight(kernel, row_kernels(), threads,
                                  {file, bias, Precision::int8, c.geom.upsample});
      return p.result_of(threads, [&](const CpuRun& run, const Tensor& out) {
        convolve(run, out, p.input(), w, c.geom, p.e);
      });
    };
    const auto expected = run_with(packed_kernel(), 1);
    for (const int threads : {1, 3}) CHECK(run_with(in_place, threads) == expected);
  }
}

TEST_CASE("in place: a norm and a convolution in row blocks") {
  const Gemm in_place = in_place_kernel();
  Problem p({2, 23, 32, 64}, {2, 23, 32, 20}, 9);
  const HostTensor file = p.weight_of({20, 64, 3, 3}), bias = host(p.bias, {20});
  const NormWeight norm{.name = "norm"};
  const Prologue prologue{norm, 8, Fn::silu};
  const auto backend = make_table_backend(Isa::ref, 1);
  const ConvWeight plain = backend->pack_conv3x3("conv", file, bias, Precision::int8, false);
  const auto expected = p.result_of(1, [&](const CpuRun& run, const Tensor& out) {
    backend->Backend::norm_conv3x3(run.arena, out, p.input(), prologue, plain, {}, p.e);
  });
  ConvWeight w = plain;
  w.packed = pack_conv_weight(in_place, row_kernels(), 1, {file, bias, Precision::int8, false});
  for (const int threads : {1, 3}) {
    CHECK(p.result_of(threads, [&](const CpuRun& run, const Tensor& out) {
      conv_row_blocks(run, out, p.input(), prologue, w, p.e);
    }) == expected);
  }
}
