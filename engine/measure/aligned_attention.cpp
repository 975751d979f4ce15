#include "engine/measure/aligned_attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

std::vector<float> read_rows(Backend& backend, const Tensor& t) {
  std::vector<float> values(t.shape.count());
  backend.read(values.data(), t);
  return values;
}

// The queries of `from` that begin at `q` in the keys and values of one head of one image.
void attend(const AttentionInputs& at, const float* q, size_t first, std::vector<double>& scores,
            double* found) {
  const size_t row = static_cast<size_t>(at.heads) * at.width;
  double most = 0, total = 0;
  for (int token = 0; token < at.tokens; ++token) {
    const float* key = &at.k[first + token * row];
    double dot = 0;
    for (int i = 0; i < at.width; ++i) dot += static_cast<double>(q[i]) * key[i];
    scores[token] = dot / std::sqrt(static_cast<double>(at.width));
    most = token == 0 ? scores[0] : std::max(most, scores[token]);
  }
  for (double& score : scores) total += score = portable::exp(score - most);
  std::fill_n(found, at.width, 0.0);
  for (int token = 0; token < at.tokens; ++token) {
    const float* value = &at.v[first + token * row];
    const double weight = scores[token] / total;
    for (int i = 0; i < at.width; ++i) found[i] += weight * value[i];
  }
}

// What the queries of `from` find in `at`, all heads of all images.
std::vector<double> attend(const AttentionInputs& from, const AttentionInputs& at) {
  const size_t row = static_cast<size_t>(at.heads) * at.width;
  std::vector<double> found(from.q.size()), scores(at.tokens);
  for (size_t i = 0; i < found.size(); i += at.width) {
    const size_t image = i / row / at.tokens, head = i % row / at.width;
    attend(at, &from.q[i], image * at.tokens * row + head * at.width, scores, &found[i]);
  }
  return found;
}

double one_way(const AttentionInputs& from, const AttentionInputs& to, Alignment how) {
  const std::vector<double> there = attend(from, to), here = attend(from, from);
  double both = 0, a = 0, b = 0, apart = 0;
  for (size_t i = 0; i < here.size(); ++i) {
    both += there[i] * here[i];
    a += there[i] * there[i];
    b += here[i] * here[i];
    apart += (there[i] - here[i]) * (there[i] - here[i]);
  }
  if (how == Alignment::mean_square) return apart / static_cast<double>(here.size());
  return both / std::max(std::sqrt(a) * std::sqrt(b), 1e-12);
}

}  // namespace

void AttentionTap::attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v,
                             const AttnSpec& s) {
  inner_.attention(a, out, q, k, v, s);
  if (a.measuring() || s.name != module_) return;
  inputs_ = {.images = q.shape.n,
             .tokens = q.shape.h * q.shape.w,
             .heads = s.heads,
             .width = q.shape.c / s.heads,
             .q = read_rows(inner_, q),
             .k = read_rows(inner_, k),
             .v = read_rows(inner_, v)};
}

double alignment(const AttentionInputs& a, const AttentionInputs& b, Alignment how) {
  ENSURE(a.q.size() == b.q.size() && a.tokens == b.tokens && a.heads == b.heads && !a.q.empty(),
         "alignment: {} numbers beside {}", a.q.size(), b.q.size());
  return (one_way(a, b, how) + one_way(b, a, how)) / 2;
}

}  // namespace yent
