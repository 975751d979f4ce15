#include "kernels/cpu/norm/norm_driver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

constexpr size_t piece_rows = 64;        // rows whose sums are kept in f32
constexpr size_t max_chunks = 64;        // of an image: its tasks when statistics are gathered
constexpr size_t normalized_rows = 256;  // of a task when they are applied
constexpr size_t task_rows = 16;         // of a task of a layer norm

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

// A bound on |fn(v)| for v in [minimum, maximum].
double greatest_output(double minimum, double maximum, Fn fn) {
  const auto silu = [](double v) { return v < -700 ? 0 : v / (1 + portable::exp(-v)); };
  switch (fn) {
    case Fn::none:
      return std::max(std::fabs(minimum), std::fabs(maximum));
    case Fn::silu: {
      const double ends = std::max(std::fabs(silu(minimum)), std::fabs(silu(maximum)));
      return minimum < 0 ? std::max(ends, 0.2784645427610738) : ends;  // SiLU's minimum
    }
    case Fn::gelu:
    case Fn::quick_gelu:
      return std::max(maximum, 0.17);  // below zero neither goes further than that
    case Fn::relu_squared:
      return std::max(maximum, 0.0) * maximum;
  }
  return 0;
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

  // Adds the moments of `rows` rows to every group's, and widens the range of every channel
  // (`range`: all minima, then all maxima). `room` holds five times the channels. The first row
  // serves as the center: no value of `rows` rows is further from their mean than sqrt(rows)
  // standard deviations, so the squares of the deviations lose no more precision than that.
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
    for (int g = 0; g < groups;
         ++g) {  // columns are equally long, so the mean is the mean of their means
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

// The moments of every group and the range of every channel, over chunks of an image's rows.
struct ChunkedStatistics {
  const int channels, groups;
  const size_t images, pixels, chunk_rows, chunks;
  const Scratch moments_room, range_room, thread_room;

  ChunkedStatistics(const CpuRun& run, const ConcatView& x, int group_count)
      : channels(x.channels()),
        groups(group_count),
        images(x.a.shape.n),
        pixels(x.rows() / images),
        chunk_rows(std::max(piece_rows, round_up(ceil_div(pixels, max_chunks), 16))),
        chunks(ceil_div(pixels, chunk_rows)),
        moments_room(run.arena, sizeof(Moments) * images * chunks * groups),
        range_room(run.arena, sizeof(float) * 2 * channels * images * chunks),
        thread_room(run.arena, sizeof(float) * 5 * channels * run.threads) {
    if (!run.arena.measuring()) gather(run, x);
  }

  void gather(const CpuRun& run, const ConcatView& x) const {
    const auto moments = moments_room.as<Moments>();
    const auto ranges = range_room.as<float>();
    const Statistics statistics{run.row_kernels, x, groups, channels / groups};
    parallel_for(run.threads, images * chunks, [&](size_t task, int thread) {
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
  }

  Moments of_group(size_t image, int group) const {
    Moments all;
    for (size_t chunk = 0; chunk < chunks; ++chunk) {
      all.add(moments_room.as<Moments>()[(image * chunks + chunk) * groups + group]);
    }
    return all;
  }

  // All minima of an image's channels, then all maxima. Works in the first chunk's memory.
  const float* range_of(size_t image) const {
    float* minimum = range_room.as<float>() + image * chunks * 2 * channels;
    float* maximum = minimum + channels;
    for (size_t chunk = 1; chunk < chunks; ++chunk) {
      const float *lower = minimum + chunk * 2 * channels, *higher = lower + channels;
      for (int c = 0; c < channels; ++c) {
        minimum[c] = std::min(minimum[c], lower[c]), maximum[c] = std::max(maximum[c], higher[c]);
      }
    }
    return minimum;
  }
};

}  // namespace

GroupNormWalk::GroupNormWalk(const CpuRun& run, const ConcatView& x, const Prologue& p)
    : row_kernels_(run.row_kernels),
      x_(x),
      fn_(p.fn),
      room_(run.arena, sizeof(float) * (3 * x.channels() + 1) * x.a.shape.n) {
  const ChunkedStatistics statistics(run, x, p.groups);
  if (run.arena.measuring()) return;
  const NormWeight& w = p.norm;
  const int channels = x.channels(), width = channels / p.groups;
  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  for (size_t image = 0; image < statistics.images; ++image) {
    const Channels to = of(image);
    for (int g = 0; g < p.groups; ++g) {
      const Moments all = statistics.of_group(image, g);
      const double scale = 1 / std::sqrt(all.squares / all.count + w.eps);
      for (int c = g * width; c < (g + 1) * width; ++c) {
        to.centers[c] = static_cast<float>(all.mean);
        to.gains[c] = static_cast<float>(weight ? scale * weight[c] : scale);
        to.shifts[c] = bias ? bias[c] : 0;
      }
    }
    const float* minimum = statistics.range_of(image);
    const float* maximum = minimum + channels;
    double absmax = 0;
    for (int c = 0; c < channels; ++c) {
      const double a =
          (static_cast<double>(minimum[c]) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double b =
          (static_cast<double>(maximum[c]) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double top = greatest_output(std::min(a, b), std::max(a, b), fn_);
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

namespace {

// Rows [first, end) of an int8 output with a scale per row: `values` holds a row of f32.
void normalize_quantized(const GroupNormWalk& norm, const CpuRun& run, const Tensor& out,
                         size_t first, size_t end, float* values) {
  const int channels = out.shape.c;
  for (size_t row = first; row < end; ++row) {
    norm.apply(row, 1, values, Element::f32, channels, 1);
    quantize_row(run.row_kernels, out, row, values,
                 run.row_kernels.absmax(values, Element::f32, channels));
  }
}

// The same for other outputs, `step` rows at a time. Where the scale is NaN all rows are zeros.
void normalize_rows(const GroupNormWalk& norm, const Tensor& out, size_t first, size_t end,
                    size_t step, float scale) {
  const int made = scale == scale ? out.shape.c : 0;
  for (size_t row = first; row < end; row += step) {
    if (made) {
      norm.apply(row, static_cast<int>(step), row_at(out, row), element(out.dtype), out.ld,
                 1 / scale);
    }
    for (size_t r = row; r < row + step && made < out.ld; ++r) pad_row(out, r, made);
  }
}

}  // namespace

void group_norm(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p) {
  const GroupNormWalk norm(run, x, p);
  const bool quantized = out.dtype == DType::i8, by_image = quantized && out.border;
  const size_t share = quantized && !by_image ? sizeof(float) * x.channels() : 0;
  const Scratch line_room(run.arena, share * run.threads);
  if (run.arena.measuring()) return;
  const size_t images = x.a.shape.n, pixels = x.rows() / images;
  for (size_t image = 0; by_image && image < images; ++image) {
    quant_scales(out)[image] = quant_scale(norm.absmax(image));
  }
  clear_border(run.threads, out);
  // Tasks end with lines of the image, so that a call may take many rows.
  const size_t line = out.border ? out.shape.w : 1;
  const size_t share_of_thread = ceil_div<size_t>(x.rows(), 4 * run.threads);
  const size_t lines = std::max<size_t>(1, std::min(normalized_rows, share_of_thread) / line);
  const size_t rows = lines * line;
  const size_t tasks = ceil_div(pixels, rows);
  parallel_for(run.threads, images * tasks, [&](size_t task, int thread) {
    const size_t image = task / tasks, first = image * pixels + task % tasks * rows;
    const size_t end = std::min(first + rows, (image + 1) * pixels);
    if (quantized && !by_image) {
      float* values = reinterpret_cast<float*>(line_room.as<std::byte>() + thread * share);
      return normalize_quantized(norm, run, out, first, end, values);
    }
    const float scale = by_image ? quant_scales(out)[image] : 1;
    normalize_rows(norm, out, first, end, out.border ? line : end - first, scale);
  });
}

void layer_norm(const CpuRun& run, const Tensor& out, const Tensor& x, const NormWeight& w) {
  const size_t rows = x.rows(), tasks = ceil_div(rows, task_rows);
  const bool quantized = out.dtype == DType::i8;
  const size_t share = quantized ? sizeof(float) * x.shape.c : 0;
  const Scratch room(run.arena, share * run.threads);
  if (run.arena.measuring()) return;
  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  parallel_for(run.threads, tasks, [&](size_t task, int thread) {
    for (size_t r = task * task_rows; r < std::min(rows, (task + 1) * task_rows); ++r) {
      if (r + 2 < rows) prefetch_row(x, r + 2);
      void* to = quantized ? room.as<std::byte>() + thread * share : row_at(out, r);
      const Element type = quantized ? Element::f32 : element(out.dtype);
      const float absmax = run.row_kernels.layer_norm(to, type, row_at(x, r), element(x.dtype),
                                                      x.shape.c, weight, bias, w.eps);
      if (quantized) {
        quantize_row(run.row_kernels, out, r, static_cast<float*>(to), absmax);
      } else {
        pad_row(out, r, x.shape.c);
      }
    }
  });
}

void rms_norm(const CpuRun& run, const Tensor& out, const Tensor& x, const NormWeight& w,
              int width) {
  if (run.arena.measuring()) return;
  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  parallel_rows(run.threads, x.rows(), [&](size_t r) {
    for (int c = 0; c < x.shape.c; c += width) {
      run.row_kernels.rms_norm(out.row<float>(r) + c, x.row<float>(r) + c, width, weight, w.eps);
    }
  });
}

}  // namespace yent
