#include "kernels/cpu/linear_bands.h"

#include <algorithm>

#include "kernels/cpu/form.h"
#include "kernels/cpu/parallel.h"

namespace yent {
namespace {

constexpr size_t band_rows = 512;  // as many as a task of gemm_in_place.cpp has

size_t bands_of(const Cat& x) { return (x.rows() / x.a.shape.n + band_rows - 1) / band_rows; }

}  // namespace

bool suits_bands(const Cat& x, const LinearW& w, const Gemm& kernel, int threads) {
  return kernel.multiply && !w.one_scale && bands_of(x) * x.a.shape.n >= 4u * threads;
}

void linear_bands(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x,
                  Precision precision, const GemmWeight& weight, const Epilogue& e) {
  const int channels = x.channels();
  const DType type = operand(precision);
  const size_t pixels = x.rows() / x.a.shape.n, bands = bands_of(x);
  const auto lines = [&](size_t rows) {
    return lines_form({1, static_cast<int>(rows), 1, channels}, type);
  };
  GemmInput like;
  like.stretches = {channels};
  like.even = true;
  const size_t converted = (lines(band_rows).bytes + 63) / 64 * 64;
  const size_t share = converted + in_place_bytes(band_rows, like, weight);
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;

  parallel_for(threads, x.a.shape.n * bands, [&](size_t task, int thread) {
    const size_t image = task / bands, first = task % bands * band_rows;
    const size_t rows = std::min(band_rows, pixels - first), at = image * pixels + first;
    const auto part = [&](const Tensor& t) { return t ? t.slice(at, static_cast<int>(rows)) : t; };
    std::byte* own = room.as<std::byte>() + thread * share;
    Tensor band = lines(rows).tensor;
    band.data = own;
    convert_rows(vec, band, {part(x.a), part(x.b)}, 0, rows);

    GemmInput input = like;
    if (type == DType::i8) input.scale = code_scales(band);
    input.locate = [&](size_t row, int count, const void** to) {
      for (int i = 0; i < count; ++i) to[i] = row_at(band, row + i);
    };
    multiply_in_place(own + converted, out, at, rows, input, weight, e);
  });
}

}  // namespace yent
