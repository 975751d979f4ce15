#include "kernels/cpu/norm_driver.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/parallel.h"

namespace yent {
namespace {

constexpr size_t chunk_rows = 64;  // of 320 channels: 80 KB, read from memory once

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

struct Statistics {
  const Vec& vec;
  const Cat& x;
  int groups, width;

  // Of every group over `rows` rows. `room` holds three times the channels.
  void gather(size_t row, int rows, float* room, Moments* to) const {
    const int channels = x.channels(), seam = x.a.shape.c;
    float *sums = room, *centers = room + channels, *squares = centers + channels;
    vec.column_sums(sums, x.a.row<float>(row), x.a.ld, rows, seam);
    if (x.b) vec.column_sums(sums + seam, x.b.row<float>(row), x.b.ld, rows, x.b.shape.c);
    const double count = static_cast<double>(rows) * width;
    for (int g = 0; g < groups; ++g) {
      double sum = 0;
      for (int c = g * width; c < (g + 1) * width; ++c) sum += sums[c];
      std::fill_n(centers + g * width, width, static_cast<float>(sum / count));
    }
    float* deviations = sums;
    vec.column_moments(deviations, squares, x.a.row<float>(row), x.a.ld, rows, seam, centers);
    if (x.b) {
      vec.column_moments(deviations + seam, squares + seam, x.b.row<float>(row), x.b.ld, rows,
                         x.b.shape.c, centers + seam);
    }
    for (int g = 0; g < groups; ++g) {
      double first = 0, second = 0;
      for (int c = g * width; c < (g + 1) * width; ++c)
        first += deviations[c], second += squares[c];
      to[g] = {count, centers[g * width] + first / count, second - first * first / count};
    }
  }
};

}  // namespace

void group_norm(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x, const NormW& w,
                int groups, Fn fn) {
  const int channels = x.channels(), seam = x.a.shape.c, width = channels / groups;
  const size_t images = x.a.shape.n, pixels = x.rows() / images;
  const size_t chunks = (pixels + chunk_rows - 1) / chunk_rows;
  const Scratch moments_room(arena, sizeof(Moments) * images * chunks * groups);
  const Scratch thread_room(arena, sizeof(float) * 3 * channels * threads);
  const Scratch apply_room(arena, sizeof(float) * 3 * channels * images);
  if (arena.measuring()) return;
  const auto moments = moments_room.as<Moments>();
  const auto applied = apply_room.as<float>();  // per image: centers, gains, shifts
  const Statistics statistics{vec, x, groups, width};

  const auto rows_of = [&](size_t chunk) {
    return static_cast<int>(std::min(chunk_rows, pixels - chunk * chunk_rows));
  };
  parallel_for(threads, images * chunks, [&](size_t task, int thread) {
    const size_t image = task / chunks, chunk = task % chunks;
    statistics.gather(image * pixels + chunk * chunk_rows, rows_of(chunk),
                      thread_room.as<float>() + static_cast<size_t>(thread) * 3 * channels,
                      moments + task * groups);
  });

  const float* weight = w.weight ? w.weight.tensor.row<float>(0) : nullptr;
  const float* bias = w.bias ? w.bias.tensor.row<float>(0) : nullptr;
  for (size_t image = 0; image < images; ++image) {
    float* to = applied + image * 3 * channels;
    for (int g = 0; g < groups; ++g) {
      Moments all;
      for (size_t chunk = 0; chunk < chunks; ++chunk) {
        all.add(moments[(image * chunks + chunk) * groups + g]);
      }
      const double scale = 1 / std::sqrt(all.squares / all.count + w.eps);
      for (int c = g * width; c < (g + 1) * width; ++c) {
        to[c] = static_cast<float>(all.mean);
        to[channels + c] = static_cast<float>(weight ? scale * weight[c] : scale);
        to[2 * channels + c] = bias ? bias[c] : 0;
      }
    }
  }

  parallel_for(threads, images * chunks, [&](size_t task, int) {
    const size_t image = task / chunks, row = image * pixels + task % chunks * chunk_rows;
    const float* centers = applied + image * 3 * channels;
    const auto apply = [&](const Tensor& half, int at) {
      vec.normalize(out.row<float>(row) + at, out.ld, half.row<float>(row), half.ld,
                    rows_of(task % chunks), half.shape.c, centers + at, centers + channels + at,
                    centers + 2 * channels + at, static_cast<Activation>(fn));
    };
    apply(x.a, 0);
    if (x.b) apply(x.b, seam);
  });
}

}  // namespace yent
