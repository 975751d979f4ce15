#include "kernels/cpu/norm/norm_driver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t piece_rows = 64;                        // whose sums are kept in floats
constexpr size_t max_chunks = 64;                        // of an image: the tasks
constexpr size_t normalized_rows = 256, task_rows = 16;  // of a task

struct Moments {
  double count = 0, mean = 0, squares = 0;  // squares of the deviations from the mean

  // Chan, Golub and LeVeque 1979: moments of a union.
  void add(const Moments& other) {
    const double total = count + other.count, gap = other.mean - mean;
    squares += other.squares + gap * gap * count * other.count / total;
    mean += gap * other.count / total;
    count = total;
  }
};

// Where a group norm's output goes through f(v) and v lies in [least, most], no |f(v)| is greater.
double greatest_output(double minimum, double maximum, Fn fn) {
  if (fn == Fn::none) return std::max(std::fabs(minimum), std::fabs(maximum));
  const auto silu = [](double v) { return v < -700 ? 0 : v / (1 + std::exp(-v)); };
  const double ends = std::max(std::fabs(silu(minimum)), std::fabs(silu(maximum)));
  return minimum < 0 ? std::max(ends, 0.2784645427610738) : ends;  // SiLU's minimum
}

template <class Call>
void each_half(const ConcatView& x, const Call& call) {
  call(x.a, 0);
  if (x.b) call(x.b, x.a.shape.c);
}

struct Statistics {
  const RowKernels& row_kernels;
  const ConcatView& x;
  int groups, width;

  // Adds what `rows` rows bring to every group, and widens the range of every channel: the least
  // of all, then the greatest. `room` holds five times the channels. The first row serves as the
  // center: no value of `rows` lies further from their mean than sqrt(rows) standard deviations, so
  // that the squares of the deviations lose no more than that.
  void gather(size_t row, int rows, float* room, Moments* to, float* range) const {
    const int channels = x.channels();
    float *centers = room, *deviations = room + channels, *squares = deviations + channels;
    float* piece = squares + channels;
    each_half(x, [&](const Tensor& half, int at) {
      const Element type = element(half.dtype);
      row_kernels.convert(centers + at, Element::f32, 1, row_at(half, row), type, half.shape.c);
      row_kernels.column_moments(deviations + at, squares + at, piece + at, piece + channels + at,
                                 row_at(half, row), type, half.ld, rows, half.shape.c,
                                 centers + at);
    });
    for (int c = 0; c < channels; ++c) {
      range[c] = std::min(range[c], piece[c]);
      range[channels + c] = std::max(range[channels + c], piece[channels + c]);
    }
    const double n = rows, nth = 1 / n;
    for (int g = 0; g < groups; ++g) {  // columns of one length: their mean is that of the means
      double means = 0, within = 0, between = 0;
      const int begin = g * width, end = begin + width;
      for (int c = begin; c < end; ++c) {
        const double first = deviations[c];
        means += centers[c] + first * nth;
        within += squares[c] - first * first * nth;
      }
      const double mean = means / width;
      for (int c = begin; c < end; ++c) {
        const double gap = centers[c] + deviations[c] * nth - mean;
        between += gap * gap;
      }
      to[g].add({n * width, mean, within + n * between});
    }
  }
};

}  // namespace

GroupNormWalk::GroupNormWalk(Arena& arena, int threads, const RowKernels& row_kernels,
                             const ConcatView& x, const NormWeight& w, int groups, Fn fn)
    : row_kernels_(row_kernels),
      x_(x),
      fn_(fn),
      room_(arena, sizeof(float) * (3 * x.channels() + 1) * x.a.shape.n) {
  const int channels = x.channels(), width = channels / groups;
  const size_t images = x.a.shape.n, pixels = x.rows() / images;
  const size_t chunk_rows =
      std::max(piece_rows, ((pixels + max_chunks - 1) / max_chunks + 15) / 16 * 16);
  const size_t chunks = (pixels + chunk_rows - 1) / chunk_rows;
  const Scratch moments_room(arena, sizeof(Moments) * images * chunks * groups);
  const Scratch range_room(arena, sizeof(float) * 2 * channels * images * chunks);
  const Scratch thread_room(arena, sizeof(float) * 5 * channels * threads);
  if (arena.measuring()) return;
  const auto moments = moments_room.as<Moments>();
  const auto ranges = range_room.as<float>();
  const Statistics statistics{row_kernels, x, groups, width};

  parallel_for(threads, images * chunks, [&](size_t task, int thread) {
    const size_t begin = task / chunks * pixels + task % chunks * chunk_rows;
    const size_t end = std::min(begin + chunk_rows, (task / chunks + 1) * pixels);
    float* range = ranges + task * 2 * channels;
    std::fill_n(range, channels, std::numeric_limits<float>::infinity());
    std::fill_n(range + channels, channels, -std::numeric_limits<float>::infinity());
    std::fill_n(moments + task * groups, groups, Moments{});
    for (size_t row = begin; row < end; row += piece_rows) {
      statistics.gather(row, static_cast<int>(std::min(piece_rows, end - row)),
                        thread_room.as<float>() + static_cast<size_t>(thread) * 5 * channels,
                        moments + task * groups, range);
    }
  });

  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  for (size_t image = 0; image < images; ++image) {
    const Channels to = of(image);
    for (int g = 0; g < groups; ++g) {
      Moments all;
      for (size_t chunk = 0; chunk < chunks; ++chunk) {
        all.add(moments[(image * chunks + chunk) * groups + g]);
      }
      const double scale = 1 / std::sqrt(all.squares / all.count + w.eps);
      for (int c = g * width; c < (g + 1) * width; ++c) {
        to.centers[c] = static_cast<float>(all.mean);
        to.gains[c] = static_cast<float>(weight ? scale * weight[c] : scale);
        to.shifts[c] = bias ? bias[c] : 0;
      }
    }
    float* minimum = ranges + image * chunks * 2 * channels;
    float* maximum = minimum + channels;
    for (size_t chunk = 1; chunk < chunks; ++chunk) {
      const float *lower = minimum + chunk * 2 * channels, *higher = lower + channels;
      for (int c = 0; c < channels; ++c) {
        minimum[c] = std::min(minimum[c], lower[c]), maximum[c] = std::max(maximum[c], higher[c]);
      }
    }
    double absmax = 0;
    for (int c = 0; c < channels; ++c) {
      const double a =
          (static_cast<double>(minimum[c]) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double b =
          (static_cast<double>(maximum[c]) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double top = greatest_output(std::min(a, b), std::max(a, b), fn);
      if (!(top <= absmax)) absmax = top;
      if (absmax != absmax) break;
    }
    *to.absmax = static_cast<float>(absmax);
  }
}

GroupNormWalk::Channels GroupNormWalk::of(size_t image) const {
  const size_t channels = x_.channels();
  float* at = room_.as<float>() + image * (3 * channels + 1);
  return {at, at + channels, at + 2 * channels, at + 3 * channels};
}

void GroupNormWalk::apply(size_t row, int rows, void* to, Element type, size_t ld,
                          float inverse_scale) const {
  const Channels by = of(row / (x_.rows() / x_.a.shape.n));
  each_half(x_, [&](const Tensor& half, int at) {
    row_kernels_.normalize(static_cast<std::byte*>(to) + at * element_bytes(type), type, ld,
                           inverse_scale, row_at(half, row), element(half.dtype), half.ld, rows,
                           half.shape.c, by.centers + at, by.gains + at, by.shifts + at, fn_);
  });
}

void group_norm(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                const ConcatView& x, const NormWeight& w, int groups, Fn fn) {
  const GroupNormWalk norm(arena, threads, row_kernels, x, w, groups, fn);
  const bool quantized = out.dtype == DType::i8, by_image = quantized && out.border;
  const size_t share = quantized && !by_image ? sizeof(float) * x.channels() : 0;
  const Scratch line_room(arena, share * threads);
  if (arena.measuring()) return;
  const int channels = x.channels();
  const size_t images = x.a.shape.n, pixels = x.rows() / images;
  for (size_t image = 0; by_image && image < images; ++image) {
    quant_scales(out)[image] = quant_scale(norm.absmax(image));
  }
  clear_border(threads, out);
  // Tasks end with lines of the image, so that a call may take many rows.
  const size_t line = out.border ? out.shape.w : 1;
  const size_t lines = std::max<size_t>(1, normalized_rows / line), task_rows = lines * line;
  const size_t tasks = (pixels + task_rows - 1) / task_rows;
  parallel_for(threads, images * tasks, [&](size_t task, int thread) {
    const size_t image = task / tasks, first = image * pixels + task % tasks * task_rows;
    const size_t end = std::min(first + task_rows, (image + 1) * pixels);
    if (quantized && !by_image) {
      float* values = reinterpret_cast<float*>(line_room.as<std::byte>() + thread * share);
      for (size_t row = first; row < end; ++row) {
        norm.apply(row, 1, values, Element::f32, channels, 1);
        store_row(row_kernels, out, row, values,
                  row_kernels.absmax(values, Element::f32, channels));
      }
      return;
    }
    const float scale = by_image ? quant_scales(out)[image] : 1;
    const int made = scale == scale ? channels : 0;
    const size_t step = out.border ? line : end - first;
    for (size_t row = first; row < end; row += step) {
      if (made) {
        norm.apply(row, static_cast<int>(step), row_at(out, row), element(out.dtype), out.ld,
                   1 / scale);
      }
      for (size_t r = row; r < row + step && made < out.ld; ++r) fill_up(out, r, made);
    }
  });
}

void layer_norm(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out, Tensor x,
                const NormWeight& w) {
  const size_t rows = x.rows(), tasks = (rows + task_rows - 1) / task_rows;
  const bool quantized = out.dtype == DType::i8;
  const size_t share = quantized ? sizeof(float) * x.shape.c : 0;
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;
  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  parallel_for(threads, tasks, [&](size_t task, int thread) {
    for (size_t r = task * task_rows; r < std::min(rows, (task + 1) * task_rows); ++r) {
      if (r + 2 < rows) fetch_row(x, r + 2);
      void* to = quantized ? room.as<std::byte>() + thread * share : row_at(out, r);
      const Element type = quantized ? Element::f32 : element(out.dtype);
      const float absmax = row_kernels.layer_norm(to, type, row_at(x, r), element(x.dtype),
                                                  x.shape.c, weight, bias, w.eps);
      if (quantized) {
        store_row(row_kernels, out, r, static_cast<float*>(to), absmax);
      } else {
        fill_up(out, r, x.shape.c);
      }
    }
  });
}

}  // namespace yent
