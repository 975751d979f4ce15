#include "kernels/cpu/norm_driver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/form.h"
#include "kernels/cpu/parallel.h"

namespace yent {
namespace {

constexpr size_t piece_rows = 64;   // whose sums are kept in floats
constexpr size_t most_chunks = 64;  // of an image: the tasks
constexpr size_t task_rows = 16;

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
double greatest_output(double least, double most, Fn fn) {
  if (fn == Fn::none) return std::max(std::fabs(least), std::fabs(most));
  const auto silu = [](double v) { return v < -700 ? 0 : v / (1 + std::exp(-v)); };
  const double ends = std::max(std::fabs(silu(least)), std::fabs(silu(most)));
  return least < 0 ? std::max(ends, 0.2784645427610738) : ends;  // SiLU's minimum
}

struct Statistics {
  const Vec& vec;
  const Cat& x;
  int groups, width;

  // Adds what `rows` rows bring to every group, and widens the range of every channel: the least
  // of all, then the greatest. `room` holds five times the channels. The first row serves as the
  // center: no value of `rows` lies further from their mean than sqrt(rows) standard deviations, so
  // that the squares of the deviations lose no more than that.
  void gather(size_t row, int rows, float* room, Moments* to, float* range) const {
    const int channels = x.channels();
    float *centers = room, *deviations = room + channels, *squares = deviations + channels;
    float* piece = squares + channels;
    each_half([&](const Tensor& half, int at) {
      const Element type = element(half.dtype);
      vec.convert(centers + at, Element::f32, 1, row_at(half, row), type, half.shape.c);
      vec.column_moments(deviations + at, squares + at, piece + at, piece + channels + at,
                         row_at(half, row), type, half.ld, rows, half.shape.c, centers + at);
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

  template <class Call>
  void each_half(const Call& call) const {
    call(x.a, 0);
    if (x.b) call(x.b, x.a.shape.c);
  }
};

// What a channel goes through: (x - center) * gain + shift, then fn.
struct Applied {
  float *centers, *gains, *shifts;
};

}  // namespace

void group_norm(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x, const NormW& w,
                int groups, Fn fn) {
  const int channels = x.channels(), width = channels / groups;
  const size_t images = x.a.shape.n, pixels = x.rows() / images;
  const size_t chunk_rows =
      std::max(piece_rows, ((pixels + most_chunks - 1) / most_chunks + 15) / 16 * 16);
  const size_t chunks = (pixels + chunk_rows - 1) / chunk_rows;
  const bool codes = out.dtype == DType::i8, by_image = codes && out.border;
  const Scratch moments_room(arena, sizeof(Moments) * images * chunks * groups);
  const Scratch range_room(arena, sizeof(float) * 2 * channels * images * chunks);
  const Scratch thread_room(arena, sizeof(float) * 5 * channels * threads);
  const Scratch apply_room(arena, sizeof(float) * 3 * channels * images);
  if (arena.measuring()) return;
  const auto moments = moments_room.as<Moments>();
  const auto ranges = range_room.as<float>();
  const Statistics statistics{vec, x, groups, width};
  const auto room = [&](int thread) {
    return thread_room.as<float>() + static_cast<size_t>(thread) * 5 * channels;
  };
  const auto rows_of = [&](size_t chunk) {
    return static_cast<int>(std::min(chunk_rows, pixels - chunk * chunk_rows));
  };
  const auto applied = [&](size_t image) {
    float* at = apply_room.as<float>() + image * 3 * channels;
    return Applied{at, at + channels, at + 2 * channels};
  };

  parallel_for(threads, images * chunks, [&](size_t task, int thread) {
    const size_t begin = task / chunks * pixels + task % chunks * chunk_rows;
    const size_t end = begin + rows_of(task % chunks);
    float* range = ranges + task * 2 * channels;
    std::fill_n(range, channels, std::numeric_limits<float>::infinity());
    std::fill_n(range + channels, channels, -std::numeric_limits<float>::infinity());
    std::fill_n(moments + task * groups, groups, Moments{});
    for (size_t row = begin; row < end; row += piece_rows) {
      for (size_t r = row + piece_rows; r < std::min(end, row + 2 * piece_rows); ++r) {
        statistics.each_half([&](const Tensor& half, int) { fetch_row(half, r); });
      }
      statistics.gather(row, static_cast<int>(std::min(piece_rows, end - row)), room(thread),
                        moments + task * groups, range);
    }
  });

  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  for (size_t image = 0; image < images; ++image) {
    const Applied to = applied(image);
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
    if (!by_image) continue;
    double peak = 0;
    for (int c = 0; c < channels; ++c) {
      float least = ranges[image * chunks * 2 * channels + c];
      float most = ranges[(image * chunks * 2 + 1) * channels + c];
      for (size_t chunk = 1; chunk < chunks; ++chunk) {
        const float* range = ranges + (image * chunks + chunk) * 2 * channels;
        least = std::min(least, range[c]), most = std::max(most, range[channels + c]);
      }
      const double a = (static_cast<double>(least) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double b = (static_cast<double>(most) - to.centers[c]) * to.gains[c] + to.shifts[c];
      const double top = greatest_output(std::min(a, b), std::max(a, b), fn);
      if (!(top <= peak)) peak = top;
      if (peak != peak) break;
    }
    code_scales(out)[image] = code_scale(static_cast<float>(peak));
  }
  clear_border(threads, out);

  parallel_for(threads, images * chunks, [&](size_t task, int thread) {
    const size_t image = task / chunks, first = image * pixels + task % chunks * chunk_rows;
    const Applied by = applied(image);
    // `rows` rows of one line of the image.
    const auto apply = [&](size_t row, int rows, void* to, Element type, size_t ld,
                           float codes_per_one) {
      statistics.each_half([&](const Tensor& half, int at) {
        vec.normalize(static_cast<std::byte*>(to) + at * element_bytes(type), type, ld,
                      codes_per_one, row_at(half, row), element(half.dtype), half.ld, rows,
                      half.shape.c, by.centers + at, by.gains + at, by.shifts + at,
                      static_cast<Activation>(fn));
      });
    };
    const size_t end = first + rows_of(task % chunks);
    if (codes && !by_image) {
      for (size_t row = first; row < end; ++row) {
        apply(row, 1, room(thread), Element::f32, channels, 1);
        store_line(vec, out, row, room(thread), vec.peak(room(thread), Element::f32, channels));
      }
      return;
    }
    const float scale = by_image ? code_scales(out)[image] : 1;
    const size_t line = out.border ? out.shape.w : pixels;
    for (size_t row = first, rows; row < end; row += rows) {
      rows = std::min(end - row, line - row % line);
      if (scale == scale) {
        apply(row, static_cast<int>(rows), row_at(out, row), element(out.dtype), out.ld, 1 / scale);
      }
      const int made = scale == scale ? channels : 0;
      for (size_t r = row; r < row + rows && made < out.ld; ++r) fill_up(out, r, made);
    }
  });
}

void layer_norm(Arena& arena, int threads, const Vec& vec, Tensor out, Tensor x, const NormW& w) {
  const size_t rows = x.rows(), tasks = (rows + task_rows - 1) / task_rows;
  const bool codes = out.dtype == DType::i8;
  const size_t share = codes ? sizeof(float) * x.shape.c : 0;
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;
  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  parallel_for(threads, tasks, [&](size_t task, int thread) {
    for (size_t r = task * task_rows; r < std::min(rows, (task + 1) * task_rows); ++r) {
      if (r + 2 < rows) fetch_row(x, r + 2);
      void* to = codes ? room.as<std::byte>() + thread * share : row_at(out, r);
      const Element type = codes ? Element::f32 : element(out.dtype);
      const float peak =
          vec.layer_norm(to, type, row_at(x, r), element(x.dtype), x.shape.c, weight, bias, w.eps);
      if (codes) {
        store_line(vec, out, r, static_cast<float*>(to), peak);
      } else {
        fill_up(out, r, x.shape.c);
      }
    }
  });
}

}  // namespace yent
