#include "engine/pipeline/language/language_model.h"

#include <algorithm>

#include "engine/text/gguf_vocabulary.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

Checkpoint checkpoint_of(const GgufFile& file, const CancelToken* cancel) {
  Checkpoint c{.path = file.path(), .part = "llm", .find = {}};
  c.find = [file, cancel](const std::string& name, std::span<const int64_t>) {
    CancelToken::check(cancel);
    return file.find(name);
  };
  c.release = [file](const HostTensor& t) { file.release(t); };
  for (const HostTensor& t : file.tensors()) c.names.insert(t.name);
  return c;
}

}  // namespace

LanguageModel::LanguageModel(const std::filesystem::path& path, Backend& backend,
                             const Policy& policy, int context, const CancelToken* cancel,
                             const Messages& messages)
    : file_(GgufFile::open(path)),
      twin_(policy.exact() && !backend.exact() ? backend.exact_twin() : nullptr),
      backend_(twin_ ? *twin_ : backend),
      ws_(backend_) {
  const LlamaConfig config = LlamaConfig::from_gguf(file_);
  tokenizer_ = std::make_unique<VocabTokenizer>(read_vocabulary(file_, messages));
  const WeightBinder loader(checkpoint_of(file_, cancel), backend_, policy);
  network_ = std::make_unique<Llama>(loader, config);
  if (!loader.unread().empty()) {
    // A tensor that nobody reads is a part of the network that we would leave out.
    throw file_error("{}: {} is not known to this engine", file_.path(),
                     printable(*loader.unread().begin()));
  }
  resolved_ = loader.resolved();
  state_ = network_->start(context > 0 ? context : config.context);
}

int LanguageModel::count_tokens(std::string_view text) const {
  return static_cast<int>(tokenizer_->encode(text, {}).size());
}

namespace {

void check_sampling(const TokenSamplerOptions& s) {
  const auto in = [](float value, float least, float most) {
    return value >= least && value <= most;
  };
  if (!(s.temperature <= 100)) {
    throw usage_error("the temperature is {}, expected 0 to 100", s.temperature);
  }
  if (s.top_k < 0) throw usage_error("top_k is {}, expected 0 or more", s.top_k);
  if (!in(s.top_p, 0, 1)) throw usage_error("top_p is {}, expected 0 to 1", s.top_p);
  if (!in(s.min_p, 0, 1)) throw usage_error("min_p is {}, expected 0 to 1", s.min_p);
  if (!in(s.repeat_penalty, 0.01f, 100)) {
    throw usage_error("the repeat penalty is {}, expected 0.01 to 100", s.repeat_penalty);
  }
}

}  // namespace

std::vector<int32_t> LanguageModel::encode_prompt(const Request& request) const {
  std::vector<int32_t> prompt = tokenizer_->encode(
      request.text, {.bos = request.bos, .eos = request.eos, .special = request.special});
  const size_t room = state_.context;
  if (request.cut_to_fit && prompt.size() + request.max_tokens > room) {
    const size_t keep = room - std::min<size_t>(room / 2, request.max_tokens);
    const bool bos = request.bos && tokenizer_->vocabulary().bos != kNoToken;
    const auto first = prompt.begin() + (bos ? 1 : 0);
    prompt.erase(first, first + (prompt.size() - std::min(keep, prompt.size())));
  }
  if (prompt.empty()) throw run_error("the prompt has no tokens");
  if (prompt.size() > room) {
    throw run_error("the prompt has {} tokens, expected at most the context's {}", prompt.size(),
                    room);
  }
  return prompt;
}

LanguageModel::Result LanguageModel::generate(
    const Request& request, std::mt19937_64& generator,
    const std::function<bool(std::string_view piece)>& on_piece, Timings* timings) {
  check_sampling(request.sampling);
  Result result{.prompt = encode_prompt(request), .generated = {}, .logits = {}};
  const auto keep = [&](const std::vector<float>& logits) {
    if (request.keep_logits) {
      result.logits.insert(result.logits.end(), logits.begin(), logits.end());
    }
  };
  Ctx c{backend_, ws_};
  const WatchScope watch(ws_, request.cancel);
  state_.length = 0;
  std::vector<float> logits;
  {
    const Timings::Span span(timings, "llm_prefill");
    logits = (*network_)(c, state_, result.prompt, request.keep_logits);
  }
  keep(logits);
  const size_t vocabulary = network_->config().vocabulary;
  TokenSampler sampler(request.sampling);
  for (const int32_t id : result.prompt) sampler.accept(id);
  auto decoder = tokenizer_->stream();
  while (static_cast<int>(result.generated.size()) < request.max_tokens) {
    const std::span<const float> last(logits.end() - vocabulary, logits.end());
    const int32_t id = sampler.sample(last, generator);
    sampler.accept(id);
    result.generated.push_back(id);
    if (tokenizer_->ends(id)) break;
    const std::string piece = decoder.add(id);
    if (!piece.empty() && !on_piece(piece)) return result;
    if (state_.length >= state_.context) {
      result.context_full = true;
      break;
    }
    if (static_cast<int>(result.generated.size()) == request.max_tokens) break;
    {
      const Timings::Span span(timings, "llm_decode");
      logits = (*network_)(c, state_, {&id, 1});
    }
    keep(logits);
  }
  const std::string rest = decoder.finish();
  if (!rest.empty()) on_piece(rest);
  return result;
}

}  // namespace yent
