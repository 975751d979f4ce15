#include "engine/ascii_writer/writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>

#include "engine/ascii_writer/foresight.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/io/utf8.h"

namespace yent::art {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Few enough that the network reads each row as if it were alone, in the time of one.
constexpr size_t kTokensAtOnce = 4;

void mask(std::span<float> logits, const TokenSet& allowed) {
  for (const float l : logits) {
    if (!std::isfinite(l)) throw run_error("the logits of the drawing are not finite numbers");
  }
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!allowed.test(i)) logits[i] = kNever;
  }
}

double log_probability(std::span<const float> logits, int32_t token) {
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
  TokenSampler sampler = TokenSampler(request.sampling);
  std::mt19937_64 generator = {};
  std::vector<float> first_logits = {};
};

Writer::Writer(ModelFiles files, Backend& backend, const Policy& policy,
               std::vector<Resolved>* layers)
    : files_(std::move(files)),
      backend_(backend),
      ws_(backend),
      network_(load_network(files_, backend, policy, layers)),
      state_(network_.start(files_.config.block_size, cache_type(files_))) {}

// What was read last: tokens that were chosen, and guesses of those behind them.
struct Writer::Reading {
  std::vector<float> logits;  // of the last chosen token and of every guess
  std::vector<SequenceToken> guesses = {};
  size_t right = 0;  // guesses that were chosen, too

  bool holds(int32_t token) const {
    return right < guesses.size() && guesses[right].token == token;
  }
  // Behind the last token that was chosen.
  std::span<float> last() { return std::span(logits).subspan(right * kVocabulary, kVocabulary); }
};

Writer::Reading Writer::read(Turn& turn, std::vector<SequenceToken>& pending,
                             std::vector<SequenceToken> guesses) {
  const bool first = state_.length == 0;
  const Timings::Span span(turn.request.timings,
                           first ? "ascii_transformer_prefill" : "ascii_transformer_step");
  Ctx c{backend_, ws_};
  const size_t unwanted = pending.size() - 1;
  pending.insert(pending.end(), guesses.begin(), guesses.end());
  Reading reading{.logits = network_(c, state_, pending, !guesses.empty()),
                  .guesses = std::move(guesses)};
  if (!reading.guesses.empty()) {
    reading.logits.erase(reading.logits.begin(),
                         reading.logits.begin() + static_cast<ptrdiff_t>(unwanted * kVocabulary));
  }
  pending.clear();
  return reading;
}

int32_t Writer::choose(Turn& turn, const GridDecoder& decoder, std::span<float> logits,
                       Finished& drawing) {
  mask(logits, decoder.allowed());
  const int32_t token = turn.sampler.sample(logits, turn.generator);
  if (turn.request.candidates > 1) {
    drawing.mean_log_probability += log_probability(logits, token);
  }
  return token;
}

Finished Writer::draw_one(Turn& turn, int candidate) {
  const DrawingRequest& request = turn.request;
  Finished drawing{.rows = {}, .seed = request.seed + candidate};
  turn.generator.seed(drawing.seed);
  GridDecoder decoder(request.rules, turn.room);
  Foresight foresight;
  std::vector<SequenceToken> pending;
  Reading reading{turn.first_logits};
  state_.length = static_cast<int>(turn.head.size());
  int chosen = 0;
  for (; !decoder.done(); ++drawing.tokens) {
    // Forced tokens wait for the next that is chosen, which is when logits are needed.
    int32_t token = 0;
    if (const auto forced = decoder.forced()) {
      token = *forced;
    } else {
      if (!pending.empty()) {
        const size_t most = request.guesses ? kTokensAtOnce - pending.size() : 0;
        reading = read(turn, pending, foresight.next(decoder, most));
      }
      token = choose(turn, decoder, reading.last(), drawing);
      foresight.learn(decoder, token);
      ++chosen;
    }
    const SequenceToken accepted = decoder.accept(token);
    if (reading.holds(token)) {
      ++reading.right;
    } else {
      state_.length -= static_cast<int>(reading.guesses.size() - reading.right);
      reading.guesses.resize(reading.right);
      pending.push_back(accepted);
    }
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
  turn.first_logits = read(turn, head, {}).logits;
  std::vector<Finished> drawings;
  for (int k = 0; k < request.candidates; ++k) drawings.push_back(draw_one(turn, k));
  return drawings;
}

}  // namespace yent::art
