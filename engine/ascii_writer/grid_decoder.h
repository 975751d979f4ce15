// The rules of a drawing's size: which tokens may follow, whatever the weights say.
//
// A row ends by EOL and the drawing by END. Where a side is exact, they come there and nowhere
// else, and are the only tokens that are allowed there; so a drawing of exactly W x H has H rows of
// W characters. Where it is limited, the model may end earlier. No drawing is longer than the
// sequence that the model can read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/ascii_writer/sequence.h"

namespace yent::art {

enum class Limit { free, at_most, exactly };

struct Side {
  Limit limit = Limit::free;
  int size = 0;  // 1..kMaxSide where there is a limit

  // What the model is told: 0 is free.
  int condition() const { return limit == Limit::free ? 0 : size; }
  int most() const { return limit == Limit::free ? kMaxSide : size; }
};

struct DrawingRules {
  Side width, height;
  int style = kAny;
  TokenSet characters = characters_of_style(kAny);  // may not be empty

  Conditions conditions() const { return {width.condition(), height.condition(), style}; }
};

// Not for two threads at once.
class GridDecoder {
 public:
  // `room`: tokens that the model can read behind GRID. Throws a usage error where the drawing
  // would not fit.
  GridDecoder(const DrawingRules& rules, int room);

  bool done() const { return done_; }
  // The only token that may follow, if it is EOL or END.
  std::optional<int32_t> forced() const;
  // All that may follow; never empty before the end.
  TokenSet allowed() const;
  // Takes the next token, which must be an allowed one, and says where it stands.
  SequenceToken accept(int32_t token);

  // Finished ones, and the row that is being written.
  const std::vector<std::u32string>& rows() const { return rows_; }

 private:
  bool at_row_start() const { return rows_.back().empty(); }
  bool must_end() const;
  bool may_end() const;

  DrawingRules rules_;
  int room_, longest_row_;
  int used_ = 0;
  bool done_ = false;
  std::vector<std::u32string> rows_{1};
};

}  // namespace yent::art
