#include "bench/ascii_transformer.h"

#include <memory>

#include "engine/ascii_writer/writer.h"
#include "engine/core/timing.h"

namespace yent {
namespace {

constexpr int kWidth = 64, kHeight = 32, kLoads = 5, kDrawings = 3;
constexpr const char* kPrompt = "cat";

}  // namespace

double ascii_transformer_macs(const AsciiTransformerConfig& c, int prompt, int width, int height) {
  const double head = static_cast<double>(art::kVocabulary) * c.width;
  double matrices = 0;  // of one token, but for the head
  for (const NamedDims& t : ascii_transformer_tensors(c)) {
    if (t.quantizable) matrices += static_cast<double>(t.dims[0]) * static_cast<double>(t.dims[1]);
  }
  matrices -= head;
  // The last EOL is not read.
  const double read = 5 + prompt + (width + 1.0) * height - 1, chosen = double{1} * width * height;
  const double attention = 2.0 * c.width * c.layers * read * (read + 1) / 2;
  return read * matrices + chosen * head + attention;
}

std::vector<Row> bench_ascii_transformer(const std::string& model, Backend& backend,
                                         const Policy& policy) {
  Timings timings;
  std::unique_ptr<art::Writer> writer;
  for (int i = 0; i < kLoads; ++i) {
    writer.reset();
    const Timings::Span span(&timings, "ascii_transformer_load");
    art::ModelFiles files = art::open_model(model);
    const bool quantized = files.precision.starts_with("int");
    writer =
        std::make_unique<art::Writer>(std::move(files), backend, quantized ? Policy() : policy);
  }
  art::DrawingRequest request;
  request.prompt = kPrompt;
  request.rules.width = {art::Limit::exactly, kWidth};
  request.rules.height = {art::Limit::exactly, kHeight};
  request.rules.characters = art::find_charset("ascii");
  writer->draw(request);  // its memory is then touched
  request.timings = &timings;
  for (int i = 0; i < kDrawings; ++i) {
    const Timings::Span span(&timings, "ascii_transformer_drawing");
    ++request.seed;
    writer->draw(request);
  }
  const int prompt = static_cast<int>(art::prompt_tokens(kPrompt).size());
  const double macs = ascii_transformer_macs(writer->files().config, prompt, kWidth, kHeight);
  std::vector<Row> rows;
  for (const Timings::Stage& stage : timings.stages()) {
    Row& row = rows.emplace_back(Row{.name = stage.name, .ms = stage.ms});
    const double tokens = kWidth * kHeight;
    if (stage.name == "ascii_transformer_drawing") {
      row.macs = macs;
      row.items_per_second = tokens / row.median() * 1000;
    } else if (stage.name == "ascii_transformer_step") {
      row.macs = macs / tokens;  // in the mean: the attention grows
    }
  }
  return rows;
}

}  // namespace yent
