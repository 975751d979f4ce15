#include "tools/talk/signature.h"

#include <algorithm>

#include "engine/ascii_writer/writer.h"
#include "engine/text/content_words.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

constexpr int kWidth = 24, kHeight = 10, kCandidates = 3;
constexpr size_t kGap = 3, kLeastText = 24;  // columns

// Broken at spaces; longer words are not broken.
std::vector<std::u32string> lines_of(const std::u32string& text, size_t columns) {
  std::vector<std::u32string> lines;
  std::u32string line;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(U' ', begin), text.size());
    const std::u32string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > columns) {
      lines.push_back(line);
      line.clear();
    }
    line += (line.empty() ? U"" : U" ") + word;
    begin = end + 1;
  }
  lines.push_back(line);
  return lines;
}

// The subjects, without the words between them.
std::string subject(const std::string& said, const std::string& words) {
  for (const std::string& text : {said, words}) {
    std::string all;
    for (const std::string& word : content_words(text)) {
      if (all.size() + word.size() < art::kMaxPrompt) all += (all.empty() ? "" : " ") + word;
    }
    if (!all.empty()) return all;
  }
  return "";
}

std::vector<std::u32string> draw(Run& run, const std::filesystem::path& model,
                                 const std::string& prompt) {
  art::Writer writer(art::open_model(model), run.backend(), Policy());
  art::DrawingRequest request;
  request.prompt = prompt;
  request.rules.width = {art::Limit::exactly, kWidth};
  request.rules.height = {art::Limit::exactly, kHeight};
  request.rules.characters = art::find_charset("ascii");
  request.seed = run.seed;
  request.candidates = kCandidates;
  request.timings = &run.timings;
  const auto drawings = writer.draw(request);
  return drawings[art::best_of(drawings)].rows;
}

}  // namespace

std::string beside(const std::vector<std::u32string>& rows, const std::string& words, int columns) {
  size_t width = 0;
  for (const std::u32string& row : rows) width = std::max(width, row.size());
  const size_t taken = width + kGap;
  const bool fits = static_cast<size_t>(columns) >= taken + kLeastText;
  const auto lines = lines_of(decode_utf8(words), fits ? columns - taken : columns);
  // In the middle of the drawing, or below it where there is no room.
  const size_t first = !fits                        ? rows.size()
                       : lines.size() < rows.size() ? (rows.size() - lines.size()) / 2
                                                    : 0;
  std::string text;
  for (size_t i = 0; i < std::max(rows.size(), first + lines.size()); ++i) {
    std::u32string line = i < rows.size() ? rows[i] : U"";
    if (i >= first && i - first < lines.size()) {
      if (fits) line.resize(taken, U' ');
      line += lines[i - first];
    }
    line.erase(line.find_last_not_of(U' ') + 1);
    text += encode_utf8(line) + "\n";
  }
  return text;
}

void print_words(Run& run, const std::string& said, const std::string& words) {
  Console& console = run.console;
  const Terminal* recorded = console.recorded();
  if (!run.options.sign || !(console.terminal().is_terminal || recorded)) {
    return console.print(words + "\n");
  }
  const auto model = art::find_shipped_model();
  if (!model) {
    console.warn("no signature: the model that draws in characters, ascii-transformer, is missing");
    return console.print(words + "\n");
  }
  const auto rows = draw(run, *model, subject(said, words));
  const auto text = [&](const Terminal& in) { return beside(rows, words, in.columns); };
  console.print(text(console.terminal()), recorded ? text(*recorded) : "");
}

}  // namespace yent
