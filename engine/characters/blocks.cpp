#include "engine/characters/blocks.h"

#include <algorithm>
#include <numeric>

#include "kernels/error.h"

namespace yent::character_diffusion {

void write_blocks(Model& model, const BlockSpec& spec, const Decoding& decoding,
                  const BlockEvents& events) {
  ENSURE(spec.beginning.size() < static_cast<size_t>(spec.length) && spec.context < spec.length,
         "characters: {} and {} characters of blocks of {}", spec.beginning.size(), spec.context,
         spec.length);
  std::vector<int32_t> context = spec.beginning;
  for (int number = 0; number < spec.count; ++number) {
    const int known = number == 0 ? 0 : static_cast<int>(context.size());
    std::vector<Row> rows{Row::beginning(context, spec.length, seed_of(spec.seed, number))};
    events.begun({number, known, rows[0]});
    const std::vector<int> evaluations = decode(model, rows, decoding, [&] {
      events.step({number, known, rows[0]});
    });
    events.done({number, known, rows[0], evaluations[0]});
    context.assign(rows[0].ids.end() - spec.context, rows[0].ids.end());
  }
}

int fill(Model& model, Row& text, int length, const Decoding& decoding,
         const std::function<void()>& on_step) {
  const int size = static_cast<int>(text.ids.size());
  const int window = std::min(length, size);
  int evaluations = 0;
  for (uint64_t part = 0;; ++part) {
    const auto masked = std::find(text.masked.begin(), text.masked.end(), 1);
    if (masked == text.masked.end()) return evaluations;
    const int first = static_cast<int>(masked - text.masked.begin());
    // A quarter of what is known lies before; the last quarter is only looked at.
    const int begin = std::clamp(first - window / 4, 0, size - window);
    const int end = begin + window == size ? size : begin + window - window / 4;
    std::vector<Row> rows{{.ids = {text.ids.begin() + begin, text.ids.begin() + begin + window},
                           .masked = {text.masked.begin() + begin, text.masked.begin() + end},
                           .seed = seed_of(text.seed, part)}};
    rows[0].masked.resize(window, 0);
    const auto keep = [&] {
      std::copy(rows[0].ids.begin(), rows[0].ids.end(), text.ids.begin() + begin);
      std::copy_n(rows[0].masked.begin(), end - begin, text.masked.begin() + begin);
    };
    const std::vector<int> steps = decode(model, rows, decoding, [&] { keep(), on_step(); });
    evaluations += steps[0];
  }
}

}  // namespace yent::character_diffusion
