#include "tools/ascii_art/database/reader.h"

#include <algorithm>
#include <utility>

#include "engine/ascii_writer/vocabulary.h"
#include "kernels/error.h"
#include "loaders/io/json.h"

namespace yent::art {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReasons = 5;

bool is_text(const fs::path& path) {
  return path.extension() == ".txt" || path.extension() == ".asc";
}

bool is_lines(const fs::path& path) { return path.extension() == ".jsonl"; }

std::string_view characters(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string words_of(const fs::path& name) {
  std::string words = name.string();
  std::ranges::replace_if(
      words, [](char c) { return c == '_' || c == '-'; }, ' ');
  return words;
}

int style_of(const Json& line, int fallback, const std::string& where) {
  const Json* style = line.find("style");
  if (style && style->text()) {
    const auto& names = style_names();
    const auto found = std::ranges::find(names, *style->text());
    if (found == names.end()) throw file_error("{}: there is no style {}", where, *style->text());
    return static_cast<int>(found - names.begin());
  }
  return static_cast<int>(get_int(line, "style", fallback, 0, kStyles - 1, where));
}

}  // namespace

PieceReader::PieceReader(std::vector<fs::path> paths, Origin origin) : origin_(std::move(origin)) {
  for (const fs::path& path : paths) list(path);
}

void PieceReader::list(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    files_.push_back({path});
    return;
  }
  std::vector<fs::path> found;
  for (auto at = fs::recursive_directory_iterator(path, error); !error && at != end(at);
       at.increment(error)) {
    if (is_text(at->path()) && at->is_regular_file(error)) found.push_back(at->path());
  }
  if (error) throw file_error("{}: cannot be read: {}", path.string(), error.message());
  if (found.empty()) throw file_error("{}: has no file .txt or .asc", path.string());
  std::ranges::sort(found);
  for (const fs::path& file : found) {
    std::vector<std::string> tags;
    for (const fs::path& folder : file.parent_path().lexically_relative(path)) {
      if (folder != ".") tags.push_back(words_of(folder));
    }
    files_.push_back({file, std::move(tags)});
  }
}

std::optional<Piece> PieceReader::next() {
  while (file_ < files_.size()) {
    const File& file = files_[file_];
    if (!open_) {
      open_ = std::make_unique<MappedFile>(file.path);
      at_ = line_ = 0;
    }
    if (!is_lines(file.path)) {
      bytes_ += static_cast<int64_t>(open_->bytes().size());
      Piece piece = from_text(file, *open_);
      open_.reset();
      ++file_;
      if (fit(piece, file.path.string())) return piece;
      continue;
    }
    const std::string_view all = characters(*open_);
    if (at_ >= all.size()) {
      open_.reset();
      ++file_;
      continue;
    }
    const size_t end = std::min(all.find('\n', at_), all.size());
    const std::string_view line = all.substr(at_, end - at_);
    bytes_ += static_cast<int64_t>(line.size() + 1);
    at_ = end + 1;
    ++line_;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("{}, line {}", file.path.string(), line_);
    Piece piece = from_line(line, where);
    if (fit(piece, where)) return piece;
  }
  return std::nullopt;
}

Piece PieceReader::from_text(const File& file, const MappedFile& bytes) const {
  Piece piece{.text = std::string(characters(bytes)),
              .style = origin_.style,
              .title = words_of(file.path.stem()),
              .source = origin_.source,
              .rights = origin_.rights,
              .tags = file.tags};
  piece.tags.insert(piece.tags.end(), origin_.tags.begin(), origin_.tags.end());
  return piece;
}

Piece PieceReader::from_line(std::string_view text, const std::string& where) const {
  const Json line = parse_json(text, where);
  if (!line.is_object()) throw file_error("{}: is no JSON object", where);
  Piece piece{.text = get_string(line, "text", {}, where),
              .style = style_of(line, origin_.style, where),
              .title = get_string(line, "title", "", where),
              .caption = get_string(line, "caption", "", where),
              .source = get_string(line, "source", origin_.source, where),
              .rights = get_string(line, "rights", origin_.rights, where),
              .tags = get_strings(line, "tags", std::vector<std::string>{}, where)};
  if (line.find("quality")) piece.quality = get_number(line, "quality", 0, 0, 1, where);
  piece.tags.insert(piece.tags.end(), origin_.tags.begin(), origin_.tags.end());
  return piece;
}

// Brings the text into its form, or counts it.
bool PieceReader::fit(Piece& piece, const std::string& where) {
  if (piece.source.empty() || piece.rights.empty()) {
    throw file_error("{}: states no {}, and none was given", where,
                     piece.source.empty() ? "source" : "rights");
  }
  try {
    piece.text = canonical(piece.text, where);
  } catch (const Error& error) {
    ++unfit_;
    if (reasons_.size() < kReasons) reasons_.push_back(error.what());
    return false;
  }
  return true;
}

}  // namespace yent::art
