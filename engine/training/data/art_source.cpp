#include "engine/training/data/art_source.h"

#include <algorithm>

#include "engine/core/random.h"
#include "engine/training/data/mirror.h"
#include "engine/training/seeds.h"
#include "kernels/error.h"

namespace yent::training {
namespace {

constexpr double hidden_share = 0.1, mirrored_share = 0.5, margin_share = 0.5;
constexpr int most_margin_columns = 16, most_margin_rows = 8;
constexpr float weight_of_space = 0.3f;
constexpr size_t validation_pieces = 64;

bool chance(std::mt19937_64& generator, double share) { return draw_unit(generator) < share; }

// BOS to GRID, with the longest prompt.
constexpr int most_head_tokens = art::kMaxPrompt + 5;

int most_tokens(const art::Drawing& drawing) {
  return most_head_tokens + (drawing.width + 1) * drawing.height + 1;
}

std::vector<int32_t> cut_prompt(const std::string& words) {
  std::vector<int32_t> prompt = art::prompt_tokens(words);
  if (prompt.size() > art::kMaxPrompt) prompt.resize(art::kMaxPrompt);
  return prompt;
}

std::string words_of(const ArtPiece& piece, std::mt19937_64& generator) {
  std::vector<const std::string*> choices;
  if (!piece.title.empty()) choices.push_back(&piece.title);
  if (!piece.caption.empty()) choices.push_back(&piece.caption);
  if (!piece.tags.empty()) choices.push_back(&piece.tags[draw_index(generator, piece.tags.size())]);
  return choices.empty() ? "" : *choices[draw_index(generator, choices.size())];
}

// Adds blank columns and rows around the drawing, as far as the sides and `most_tokens` allow.
void add_margins(art::Drawing& d, int most_tokens, std::mt19937_64& generator) {
  const auto draw = [&](int most) {
    return static_cast<int>(draw_index(generator, static_cast<size_t>(most) + 1));
  };
  const int columns = draw(std::min(most_margin_columns, art::kMaxSide - d.width));
  const int rows = draw(std::min(most_margin_rows, art::kMaxSide - d.height));
  const int left = draw(columns), above = draw(rows);
  if ((d.width + columns + 1) * (d.height + rows) + 1 > most_tokens) return;
  d.width += columns;
  d.height += rows;
  for (std::u32string& row : d.rows) {
    row = std::u32string(left, ' ') + row + std::u32string(columns - left, ' ');
  }
  const std::u32string blank(d.width, ' ');
  d.rows.insert(d.rows.begin(), above, blank);
  d.rows.insert(d.rows.end(), rows - above, blank);
}

void add_token(Sequence& s, const art::SequenceToken& token) {
  const int32_t ids[] = {token.token, token.width,    token.height,
                         token.style, token.edge_row, token.edge_column};
  s.ids.resize(std::size(ids));
  for (size_t i = 0; i < std::size(ids); ++i) s.ids[i].push_back(ids[i]);
  s.positions.push_back(token.row);
  s.positions.push_back(token.column);
}

}  // namespace

Sequence art_sequence(const art::Drawing& drawing, const std::vector<int32_t>& prompt,
                      const art::Conditions& conditions) {
  std::vector<art::SequenceToken> tokens = art::sequence_head(prompt, conditions);
  const size_t grid = tokens.size();
  const auto tail = art::sequence_tail(drawing, conditions);
  tokens.insert(tokens.end(), tail.begin(), tail.end());
  Sequence s;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const int32_t target = tokens[i + 1].token;
    add_token(s, tokens[i]);
    s.targets.push_back(target);
    s.weights.push_back(i + 1 < grid ? 0 : target == ' ' ? weight_of_space : 1);
  }
  return s;
}

ArtSource::ArtSource(std::vector<ArtPiece> pieces, const Options& options, const std::string& where)
    : options_(options) {
  for (ArtPiece& piece : pieces) {
    if (most_tokens(art::drawing_of(piece.text)) > options.block_size) {
      ++too_large_;
    } else {
      (piece.held_out ? held_out_ : training_).push_back(std::move(piece));
    }
  }
  if (training_.empty()) {
    throw file_error(
        "{}: it has {} drawings, of which {} are larger than a block of {} tokens: "
        "nothing is left to train on",
        where, pieces.size(), too_large_, options.block_size);
  }
}

Sequence ArtSource::varied(const ArtPiece& piece, std::mt19937_64& generator) const {
  art::Drawing drawing = art::drawing_of(piece.text);
  const std::vector<int32_t> prompt = cut_prompt(words_of(piece, generator));
  const bool written = piece.style == art::kLettering || piece.style == art::kOneLiner;
  if (chance(generator, mirrored_share) && !written) mirror(drawing);
  if (chance(generator, margin_share)) {
    add_margins(drawing, options_.block_size - most_head_tokens, generator);
  }
  art::Conditions conditions{drawing.width, drawing.height, piece.style};
  for (int* condition : {&conditions.width, &conditions.height, &conditions.style}) {
    if (chance(generator, hidden_share)) *condition = 0;
  }
  return art_sequence(drawing, prompt, conditions);
}

std::vector<Sequence> ArtSource::training(uint64_t seed, int64_t step) const {
  std::mt19937_64 generator(mix(seed, static_cast<uint64_t>(step)));
  std::vector<Sequence> sequences;
  for (int i = 0; i < options_.batch; ++i) {
    const ArtPiece& piece = training_[draw_index(generator, training_.size())];
    sequences.push_back(varied(piece, generator));
  }
  return sequences;
}

// As they are, with all conditions and the title.
std::vector<Sequence> ArtSource::validation() const {
  std::vector<Sequence> sequences;
  const size_t count = std::min(held_out_.size(), validation_pieces);
  for (size_t i = 0; i < count; ++i) {
    const ArtPiece& piece = held_out_[i * held_out_.size() / count];
    const art::Drawing drawing = art::drawing_of(piece.text);
    sequences.push_back(art_sequence(drawing, cut_prompt(piece.title),
                                     {drawing.width, drawing.height, piece.style}));
  }
  return sequences;
}

}  // namespace yent::training
