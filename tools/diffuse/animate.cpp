// yent-diffuse animate: how the masks vanish, and Conway's game of life on a text.
#include <algorithm>

#include "engine/characters/blocks.h"
#include "engine/characters/life.h"
#include "engine/characters/text.h"
#include "kernels/error.h"
#include "tools/diffuse/commands.h"
#include "tools/diffuse/run.h"
#include "tools/diffuse/screen.h"
#include "tools/interrupt.h"

namespace yent::diffuse {
namespace {

using namespace character_diffusion;

constexpr int kColumns = 64, kVisibleBlocks = 6, kProcessDelay = 10, kLifeDelay = 50;

// Thrown through the sampler when enough was shown.
struct Enough {};

// The blocks so far, the last few of them as one text.
class Process {
 public:
  Process(int blocks, int length) : blocks_(blocks), length_(length) {}

  Frame frame(const Block& now) {
    if (static_cast<int>(texts_.size()) <= now.number) texts_.emplace_back();
    std::u32string& text = texts_.back();
    text.clear();
    for (size_t i = now.known; i < now.row.ids.size(); ++i) {
      text += now.row.masked[i] ? kMaskedCell : shown_as(now.row.ids[i], kNewline);
    }
    std::u32string all;
    const size_t first = texts_.size() - std::min<size_t>(texts_.size(), kVisibleBlocks);
    for (size_t i = first; i < texts_.size(); ++i) all += texts_[i];
    Frame frame{.title = fmt::format("block {} of {}, {} masked", now.number + 1, blocks_,
                                     now.row.count_masked()),
                .rows = {}};
    for (size_t at = 0; at < all.size(); at += kColumns) {
      frame.rows.push_back(all.substr(at, kColumns));
    }
    return frame;
  }

  // That all visible blocks need.
  int rows(int context) const {
    const int later = std::min(blocks_, kVisibleBlocks) - 1;
    return (length_ + later * (length_ - context) + kColumns - 1) / kColumns;
  }

 private:
  int blocks_, length_;
  std::vector<std::u32string> texts_;
};

int process(const Options& o, Screen& screen, Run& run, Process& shown, const BlockSpec& spec,
            const CancelToken& token) {
  Decoding decoding = o.decoding;
  decoding.cancel = &token;
  int evaluations = 0;
  TimedModel model(*run.network, run.timings);
  const auto show = [&](const Block& block) {
    if (!screen.show(shown.frame(block))) throw Enough();
  };
  try {
    write_blocks(model, spec, decoding,
                 {.begun = show, .step = [&](const Block& block) { ++evaluations, show(block); }});
  } catch (const Enough&) {
  }
  return evaluations;
}

Frame life_frame(const Life& life, int generation, int generations) {
  const auto living = std::count(life.alive().begin(), life.alive().end(), 1);
  Frame frame{
      .title = fmt::format("generation {} of {}, {} alive", generation, generations, living),
      .rows = {}};
  for (int y = 0; y < Life::kSide; ++y) {
    std::u32string& row = frame.rows.emplace_back();
    for (int x = 0; x < Life::kSide; ++x) {
      const int i = y * Life::kSide + x;
      row += life.alive()[i] ? kLivingCell : shown_as(life.ids()[i], U' ');
    }
  }
  return frame;
}

void animate_process(const Options& o, Console& console, Run& run, const CancelToken& token) {
  const std::vector<int32_t> source = run.source_text();
  BlockSpec spec{.count = o.blocks > 0 ? o.blocks : 10,
                 .length = run.length,
                 .context = std::min(o.context, run.length - 1),
                 .seed = run.seed};
  const size_t count = std::min<size_t>(spec.context, source.size());
  spec.beginning.assign(source.begin(), source.begin() + static_cast<ptrdiff_t>(count));
  Process shown(spec.count, spec.length);
  int evaluations = 0;
  {
    Screen screen(o, console, {kColumns, shown.rows(spec.context) + 1, kProcessDelay});
    evaluations = process(o, screen, run, shown, spec, token);
    screen.finish(token);
  }
  run.report(Json::object({{"evaluations", evaluations}}));
}

void animate_life(const Options& o, Console& console, Run& run, const CancelToken& token) {
  constexpr int generations = 100;
  if (run.network->vocabulary() <= ' ') {
    throw usage_error("life needs a model that knows spaces, this one knows {} characters",
                      run.network->vocabulary());
  }
  Life life(run.source_text(), run.seed);
  Decoding decoding = o.decoding;
  decoding.cancel = &token;
  TimedModel model(*run.network, run.timings);
  {
    Screen screen(o, console, {Life::kSide, Life::kSide + 1, kLifeDelay});
    bool more = screen.show(life_frame(life, 0, generations));
    for (int g = 1; g <= generations && more; ++g) {
      life.next(model, decoding);
      more = screen.show(life_frame(life, g, generations));
    }
    screen.finish(token);
  }
  run.report(Json::object({{"evaluations", life.evaluations()}}));
}

}  // namespace

void animate(const Options& o, Console& console) {
  const std::string what = o.words.size() == 1 ? o.words.front() : "";
  if (what != "process" && what != "life") {
    throw usage_error("animate takes one word, process or life");
  }
  Run run(o, console);
  CancelToken token;
  const CancelOnInterrupt interrupts(token);
  if (what == "process") return animate_process(o, console, run, token);
  animate_life(o, console, run, token);
}

}  // namespace yent::diffuse
