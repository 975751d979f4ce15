// Measures of pictures and latents of the C API.
#include <iterator>
#include <limits>

#include "engine/api/images.h"
#include "engine/api/painter.h"
#include "engine/api/values.h"
#include "engine/measure/measures.h"

using namespace yent;
using namespace yent::api;

namespace {

Alignment alignment_of(const char* name) {
  const std::string wanted = name ? name : "cosine";
  if (wanted == "cosine") return Alignment::cosine;
  if (wanted == "mean-square") return Alignment::mean_square;
  throw usage_error("how is {}, expected cosine or mean-square", wanted);
}

constexpr const char* kMeasures[] = {
    "psnr",    "mae",  "cosine_distance", "edge",    "edge_ratio",  "palette", "hf_ratio", "std",
    "entropy", "mean", "flatness",        "clipped", "clipped_full"};

}  // namespace

const char* yent_measure_name(size_t index) {
  return index < std::size(kMeasures) ? kMeasures[index] : nullptr;
}

yent_status yent_measure(yent_image picture, yent_image baseline, yent_latent latent,
                         yent_latent baseline_latent, double* values) {
  return guard([&] {
    required(values, "values");
    const Image image = image_of(picture);
    const PictureMeasures m = measure(image);
    PictureDistances d;
    if (baseline.rgb) d = compare(image, image_of(baseline));
    Measure cosine;
    if (latent.values && baseline_latent.values) {
      cosine = cosine_distance(latent_of(baseline_latent, "the baseline's latent").values,
                               latent_of(latent, "the latent").values);
    }
    const Measure all[] = {d.psnr,     d.mae,      cosine,        d.edge,    d.edge_ratio,
                           d.palette,  m.hf_ratio, m.std,         m.entropy, m.mean,
                           m.flatness, m.clipped,  m.clipped_full};
    static_assert(std::size(all) == std::size(kMeasures));
    for (size_t i = 0; i < std::size(all); ++i) {
      values[i] = all[i].value_or(std::numeric_limits<double>::quiet_NaN());
    }
  });
}

void yent_similarity_params_init(yent_similarity_params* params, size_t struct_size) {
  yent_similarity_params p = {};
  p.timestep = 101;
  init_params(params, struct_size, p);
}

yent_status yent_painter_similarity(yent_painter* painter, yent_latent first, yent_latent second,
                                    const yent_similarity_params* params, double* score) {
  return guard([&] {
    required(score, "score") = 0;
    Pipeline& pipeline = *required(painter, "painter").pipeline;
    const yent_similarity_params p = taken(params, yent_similarity_params_init);
    SimilaritySpec spec{.timestep = p.timestep,
                        .seed = p.seed,
                        .second_seed = p.second_seed,
                        .how = alignment_of(p.how)};
    for (int i = 0; p.noises && i < 2; ++i) {
      spec.noises.push_back(latent_of(p.noises[i], "a noise"));
    }
    if (p.uncond && !p.cond) throw usage_error("uncond is given without cond");
    std::optional<TextEmbeddings> text;
    if (p.cond) text = embeddings_of(p.cond, p.uncond, p.tokens, p.embedding_width);
    *score = pipeline.similarity(latent_of(first, "a latent"), latent_of(second, "a latent"), spec,
                                 text, token_of(p.cancel));
  });
}
