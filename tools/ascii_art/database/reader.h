// Pieces from outside: lines of JSON, and files of text.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/io/mapped_file.h"
#include "tools/ascii_art/database/database.h"

namespace yent::art {

// What holds for pieces that do not say it themselves.
struct Origin {
  std::string source, rights;
  int style = 0;
  std::vector<std::string> tags = {};
};

// Reads one path after the other:
// - a folder: all its text files (.txt, .asc) and those below it, by name; the title is the name of
//   the file with spaces for _ and -, and the folders between are tags
// - a file NAME.jsonl: a JSON object a line with `text`, and as far as they are known `style` (a
//   name or its number), `title`, `caption`, `tags`, `quality`, `source`, `rights`
// - any other file: one text
// Texts that cannot be a drawing (larger than 256 x 256, characters outside the vocabulary) are
// passed over and counted.
class PieceReader {
 public:
  PieceReader(std::vector<std::filesystem::path> paths, Origin origin);

  // Nothing at the end. Throws a file error for a file that cannot be read, a line that is no such
  // object, and a piece of which neither it nor the origin states the source and the rights.
  std::optional<Piece> next();

  int64_t unfit() const { return unfit_; }
  const std::vector<std::string>& reasons() const { return reasons_; }  // the first few
  int64_t bytes() const { return bytes_; }                              // that have been read

 private:
  struct File {
    std::filesystem::path path;
    std::vector<std::string> tags = {};
  };

  void list(const std::filesystem::path& path);
  Piece from_text(const File& file, const MappedFile& bytes) const;
  Piece from_line(std::string_view line, const std::string& where) const;
  bool fit(Piece& piece, const std::string& where);

  std::vector<File> files_;
  Origin origin_;
  size_t file_ = 0, at_ = 0, line_ = 0;  // where the reading stands
  std::unique_ptr<MappedFile> open_;
  int64_t unfit_ = 0, bytes_ = 0;
  std::vector<std::string> reasons_;
};

}  // namespace yent::art
