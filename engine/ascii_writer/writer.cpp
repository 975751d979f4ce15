#include "engine/ascii_writer/writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/io/utf8.h"

namespace yent::art {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

void mask(std::vector<float>& logits, const TokenSet& allowed) {
  for (const float l : logits) {
    if (!std::isfinite(l)) throw run_error("the logits of the drawing are not finite numbers");
  }
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!allowed.test(i)) logits[i] = kNever;
  }
}

double log_probability(const std::vector<float>& logits, int32_t token) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float l : logits) {
    if (l != kNever) sum += portable::exp(l - most);
  }
  return logits[token] - most - portable::log(sum);
}

// Quantized weights round more than keys and values in f16, which are read in half the time.
DType cache_type(const ModelFiles& files) {
  return find_quant_method(files.precision) ? DType::f16 : DType::f32;
}

}  // namespace

int Finished::width() const {
  size_t most = 0;
  for (const std::u32string& row : rows) most = std::max(most, row.size());
  return static_cast<int>(most);
}

std::string text_of(const Finished& drawing, bool padded) {
  std::string text;
  for (std::u32string row : drawing.rows) {
    if (padded) {
      row.resize(drawing.width(), U' ');
    } else {
      row.erase(row.find_last_not_of(U' ') + 1);
    }
    text += encode_utf8(row) + "\n";
  }
  return text;
}

size_t best_of(const std::vector<Finished>& candidates) {
  const auto better = [](const Finished& a, const Finished& b) {
    return a.mean_log_probability < b.mean_log_probability;
  };
  return std::ranges::max_element(candidates, better) - candidates.begin();
}

// One request: all candidates begin with the same tokens.
struct Writer::Turn {
  const DrawingRequest& request;
  const OnRow& on_row;
  std::vector<SequenceToken> head;
  int room;
  std::vector<float> first_logits = {};
};

Writer::Writer(ModelFiles files, Backend& backend, const Policy& policy,
               std::vector<Resolved>* layers)
    : files_(std::move(files)),
      backend_(backend),
      ws_(backend),
      network_(load_network(files_, backend, policy, layers)),
      state_(network_.start(files_.config.block_size, cache_type(files_))) {}

std::vector<float> Writer::read(Turn& turn, std::vector<SequenceToken>& pending) {
  const bool first = pending.size() >= turn.head.size() && state_.length == 0;
  const Timings::Span span(turn.request.timings,
                           first ? "ascii_transformer_prefill" : "ascii_transformer_step");
  Ctx c{backend_, ws_};
  std::vector<float> logits = network_(c, state_, pending);
  pending.clear();
  return logits;
}

Finished Writer::draw_one(Turn& turn, int candidate) {
  const DrawingRequest& request = turn.request;
  Finished drawing{.rows = {}, .seed = request.seed + candidate};
  std::mt19937_64 generator(drawing.seed);
  const TokenSampler sampler(request.sampling);
  GridDecoder decoder(request.rules, turn.room);
  std::vector<SequenceToken> pending;
  std::vector<float> logits = turn.first_logits;
  state_.length = static_cast<int>(turn.head.size());
  int chosen = 0;
  for (; !decoder.done(); ++drawing.tokens) {
    // Forced tokens wait for the next that is chosen, which is when logits are needed.
    int32_t token = 0;
    if (const auto forced = decoder.forced()) {
      token = *forced;
    } else {
      if (!pending.empty()) logits = read(turn, pending);
      mask(logits, decoder.allowed());
      token = sampler.sample(logits, generator);
      if (request.candidates > 1) {
        drawing.mean_log_probability += log_probability(logits, token);
      }
      ++chosen;
    }
    pending.push_back(decoder.accept(token));
    if (token == kEndOfLine && turn.on_row) {
      turn.on_row(candidate, decoder.rows()[decoder.rows().size() - 2]);
    }
  }
  drawing.rows = decoder.rows();
  drawing.mean_log_probability /= chosen;
  return drawing;
}

std::vector<Finished> Writer::draw(const DrawingRequest& request, const OnRow& on_row) {
  const std::vector<int32_t> prompt = prompt_tokens(request.prompt);
  if (prompt.size() > kMaxPrompt) {
    throw usage_error("the prompt has {} characters, expected at most {}", prompt.size(),
                      kMaxPrompt);
  }
  Turn turn{request, on_row, sequence_head(prompt, request.rules.conditions()), 0};
  turn.room = files_.config.block_size - static_cast<int>(turn.head.size());
  GridDecoder(request.rules, turn.room);  // refuses what does not fit
  const WatchScope watch(ws_, request.cancel);
  state_.length = 0;
  std::vector<SequenceToken> head = turn.head;
  turn.first_logits = read(turn, head);
  std::vector<Finished> drawings;
  for (int k = 0; k < request.candidates; ++k) drawings.push_back(draw_one(turn, k));
  return drawings;
}

}  // namespace yent::art
