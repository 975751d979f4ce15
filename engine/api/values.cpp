#include "engine/api/values.h"

#include "kernels/error.h"

namespace yent::api {
namespace {

constexpr int32_t kMaxSide = 1 << 16;

}  // namespace

Latent latent_of(const yent_latent& given, const char* what) {
  const auto fits = [](int32_t side) { return side >= 1 && side <= kMaxSide; };
  if (!given.values || !fits(given.height) || !fits(given.width) || given.channels < 1 ||
      given.channels > 1024) {
    throw usage_error("{} is [{}, {}, {}], expected numbers", what, given.channels, given.height,
                      given.width);
  }
  Latent latent{given.channels, given.height, given.width};
  latent.values.assign(given.values, given.values + latent.shape().count());
  return latent;
}

TextEmbeddings embeddings_of(const float* cond, const float* uncond, int32_t tokens,
                             int32_t width) {
  if (tokens < 1 || width < 1 || tokens > kMaxSide || width > kMaxSide) {
    throw usage_error("embeddings are [{}, {}], expected [tokens, width]", tokens, width);
  }
  const auto rows = [&](const float* values) {
    return TextEmbeddings::Rows{{tokens, width},
                                std::vector<float>(values, values + size_t{1} * tokens * width)};
  };
  TextEmbeddings text{.cond = rows(cond)};
  if (uncond) text.uncond = rows(uncond);
  return text;
}

}  // namespace yent::api
