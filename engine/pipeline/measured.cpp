#include "engine/pipeline/measured.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>

#include "loaders/io/json.h"

namespace yent {

double max_rss_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    double kibibytes = 0;
    if (key == "VmHWM:" && status >> kibibytes) return kibibytes * 1024 / 1e6;
  }
  return 0;
}

static Json layers_json(const LayerMeasures& measures) {
  const auto json = [](const Measure& value) { return value ? Json(*value) : Json(); };
  Json all = Json::array();
  for (const LayerMeasures::Layer& of : measures.layers()) {
    const QuantMeasures m = quant_measures(of.error);
    all.push_back(Json::object({{"layer", of.name},
                                {"what", what_name(of.what)},
                                {"sqnr", json(m.sqnr)},
                                {"code_used", json(m.code_used)},
                                {"code_eff", json(m.code_eff)},
                                {"code_ends", json(m.code_ends)}}));
  }
  return all;
}

std::string measured_json(const Timings& timings, const Backend& backend,
                          const LayerMeasures* layers) {
  Json json = Json::object({{"device", backend.device()},
                            {"isa", backend.isa()},
                            {"threads", backend.threads()},
                            {"max_rss_mb", max_rss_mb()}});
  for (const Timings::Stage& s : timings.stages()) json["timings_ms"][s.name] = s.sum();
  if (layers) json["layers"] = layers_json(*layers);
  return json.dump();
}

std::string layers_text(std::span<const Resolved> layers) {
  size_t widest = 0;
  for (const Resolved& r : layers) widest = std::max(widest, r.style.size() + 1);
  std::string text;
  for (const Resolved& r : layers) {
    text += fmt::format("{:<72} {:<5} {:<{}}{:<14} {:>12}\n", r.layer, precision_name(r.precision),
                        r.style, widest, r.kernel, r.bytes);
  }
  return text;
}

}  // namespace yent
