// What a run has to tell in numbers, as text.
#pragma once

#include <span>
#include <string>

#include "engine/core/policy.h"
#include "engine/core/timing.h"
#include "engine/measure/layer_measures.h"
#include "kernels/backend.h"

namespace yent {

// The most memory this process has used so far, in 10^6 bytes.
double max_rss_mb();

// A JSON object: "timings_ms" by stage, "device", "isa", "threads", "max_rss_mb" and, where layers
// were measured, "layers": objects of "layer", "what", "sqnr", "code_used", "code_eff",
// "code_ends"; what is undefined is null.
std::string measured_json(const Timings& timings, const Backend& backend,
                          const LayerMeasures* layers = nullptr);

// A line for each layer: name, precision, style, kernel, bytes.
std::string layers_text(std::span<const Resolved> layers);

}  // namespace yent
