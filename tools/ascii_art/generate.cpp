#include "tools/ascii_art/generate.h"

#include <chrono>
#include <random>

#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/io/output_file.h"
#include "loaders/io/utf8.h"
#include "tools/console.h"
#include "tools/interrupt.h"

namespace yent::art {
namespace {

std::filesystem::path model_path(const GenOptions& o) {
  if (!o.model.empty()) return o.model;
  if (const auto found = find_shipped_model()) return *found;
  throw file_error("this program has no model inside and none is installed, expected --model");
}

// A run's model, device and console.
struct Run {
  explicit Run(const GenOptions& options)
      : o(options), console({.quiet = options.report.quiet, .verbose = options.report.verbose}) {}

  const GenOptions& o;
  Console console;
  Timings timings;
};

std::string layer_line(const Resolved& layer) {
  return fmt::format("{:<32} {:<5} {:<20} {:>9} bytes\n", layer.layer,
                     precision_name(layer.precision), layer.kernel, layer.bytes);
}

// Whether rows can be printed as they come: not if another candidate may be the better one.
bool streams(const GenOptions& o, const DrawingRules& rules) {
  const bool size_is_known = !o.pad || rules.width.limit == Limit::exactly;
  return !o.report.json && o.output.empty() && size_is_known && (o.candidates == 1 || o.all);
}

Json json_of(const Finished& drawing, bool padded, double ms) {
  return Json::object({{"text", text_of(drawing, padded)},
                       {"width", drawing.width()},
                       {"height", drawing.height()},
                       {"seed", drawing.seed},
                       {"tokens", drawing.tokens},
                       {"ms", ms}});
}

// What is asked for of all candidates, in their order.
std::vector<Finished> wanted(std::vector<Finished> drawings, bool all) {
  if (all || drawings.size() == 1) return drawings;
  return {drawings[best_of(drawings)]};
}

std::string text_of_all(const std::vector<Finished>& drawings, bool padded) {
  std::string text;
  for (const Finished& drawing : drawings) {
    text += (text.empty() ? "" : "\n") + text_of(drawing, padded);
  }
  return text;
}

void report(const GenOptions& o, const std::vector<Finished>& drawings, double ms, Run& run) {
  if (o.report.json) {
    Json list = Json::array();
    for (const Finished& d : drawings) list.push_back(json_of(d, o.pad, ms));
    const std::string text = (o.all ? list : list[0]).dump() + "\n";
    if (o.output.empty()) return print_and_flush(text);
    return write_file_atomically(o.output, text);
  }
  if (!o.output.empty()) write_file_atomically(o.output, text_of_all(drawings, true));
  const bool is_known = o.temperature == 0 || (o.seed && o.candidates == 1);
  for (const Finished& d : drawings) {
    if (!is_known) run.console.say(fmt::format("seed {}", d.seed));
  }
}

DrawingRequest request_of(const GenOptions& o, const CancelToken& token, Timings& timings) {
  DrawingRequest request;
  for (const std::string& word : o.words) {
    request.prompt += (request.prompt.empty() ? "" : " ") + word;
  }
  request.rules = drawing_rules(o);
  request.sampling = {.temperature = static_cast<float>(o.temperature),
                      .top_k = o.top_k,
                      .top_p = static_cast<float>(o.top_p)};
  request.seed = o.seed ? *o.seed : uint64_t{std::random_device{}()};
  request.candidates = o.candidates;
  request.cancel = &token;
  request.timings = &timings;
  return request;
}

}  // namespace

void print_info(const GenOptions& o) {
  const ModelFiles files = open_model(model_path(o), o.device.precision);
  const AsciiTransformerConfig& c = files.config;
  int64_t parameters = 0;
  size_t bytes = 0;
  for (const NamedDims& t : ascii_transformer_tensors(c)) {
    int64_t count = 1;
    for (const int64_t d : t.dims) count *= d;
    parameters += count;
  }
  for (const HostTensor& t : files.tensors->tensors) bytes += t.bytes;
  const bool embedded = files.path.starts_with(embedded_root);
  Json info = c.to_json();
  info["precision"] = files.precision;
  info["parameters"] = parameters;
  info["bytes"] = bytes;
  info["weights_sha256"] = files.sha256;
  info["weights"] = embedded ? "embedded" : "file";
  info["path"] = files.path;
  if (o.report.json) return print_and_flush(info.dump() + "\n");
  std::string text;
  for (const auto& [key, value] : info.items()) {
    text += fmt::format("{:<15} {}\n", key, value.text() ? *value.text() : value.dump());
  }
  print_and_flush(text);
}

void generate(const GenOptions& o) {
  if (!o.output.empty()) ensure_writable(o.output);
  Run run(o);
  CancelToken token;
  const CancelOnInterrupt cancel(token);

  ModelFiles files = open_model(model_path(o), o.device.precision);
  DeviceOptions device = o.device;
  // The file is the precision; its blocks are multiplied as they are.
  if (files.precision.starts_with("int")) device.precision = "f32";
  const ChosenDevice chosen = choose_device(device, run.console);
  std::vector<Resolved> layers;
  Writer writer(std::move(files), *chosen.backend, chosen.policy, &layers);
  run.console.note(fmt::format("{}: {}, {} layers of {}, on {}", writer.files().path,
                               writer.files().precision, writer.files().config.layers,
                               writer.files().config.width, chosen.backend->isa()));
  if (o.device.explain) {
    for (const Resolved& layer : layers) run.console.say(layer_line(layer));
  }

  const DrawingRequest request = request_of(o, token, run.timings);
  const bool stream = streams(o, request.rules);
  int last = 0, rows = 0;
  const auto on_row = [&](int candidate, const std::u32string& row) {
    if (!stream) {
      return run.console.progress("row", ++rows, o.candidates * request.rules.height.most());
    }
    Finished one;
    one.rows = {row};
    const bool next = candidate != last;
    last = candidate;
    print_and_flush((next ? "\n" : "") + text_of(one, o.pad));
  };
  const auto start = std::chrono::steady_clock::now();
  const auto drawings = wanted(writer.draw(request, on_row), o.all);
  const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
  if (!stream && !o.report.json && o.output.empty()) {
    print_and_flush(text_of_all(drawings, o.pad));
  }
  report(o, drawings, ms.count(), run);
  for (const Timings::Stage& s : run.timings.stages()) {
    if (o.report.timings) {
      run.console.say(fmt::format("{:<26} {:10.2f} ms in {}", s.name, s.sum(), s.ms.size()));
    }
  }
}

}  // namespace yent::art
