#include "tests/rules/source_tree.h"
#include "tests/support/tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

namespace yent::rules {

namespace fs = std::filesystem;

namespace {

Source read_source(const fs::path& root, const fs::path& path) {
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  Source source;
  source.path = fs::relative(path, root).generic_string();
  source.folder = source.path.substr(0, source.path.find('/'));
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (line.find('#') != line.npos && std::regex_search(line, match, include)) {
      source.includes.push_back(match[1]);
    }
    source.lines.push_back(std::move(line));
  }
  return source;
}

std::vector<Source> read_tree() {
  const fs::path root = in_tree("");
  const std::set<std::string> endings = {".h", ".hpp", ".cpp", ".cu", ".cuh"};
  std::vector<Source> sources;
  for (const char* folder :
       {"include", "engine", "kernels", "loaders", "tools", "bench", "tests", "examples"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!endings.contains(entry.path().extension().string())) continue;
      sources.push_back(read_source(root, entry.path()));
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

}  // namespace

const std::vector<Source>& tree() {
  static const std::vector<Source> sources = read_tree();
  return sources;
}

bool begins_with_any(const std::string& name, const Names& prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& p) { return name.starts_with(p); });
}

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

std::string arrows(const std::string& folder, const Names& prefixes) {
  Names found;
  for (const Source& source : tree()) {
    if (source.folder != folder) continue;
    for (const std::string& header : source.includes) {
      if (begins_with_any(header, prefixes)) found.push_back(source.path + " includes " + header);
    }
  }
  return joined(found);
}

std::string includers(const std::string& prefix, const Names& folders) {
  Names found;
  for (const Source& source : tree()) {
    const bool has =
        std::ranges::any_of(source.includes, [&](const auto& i) { return i.starts_with(prefix); });
    if (has && !begins_with_any(source.path, folders)) found.push_back(source.path);
  }
  return joined(found);
}

std::string lines_like(const std::string& pattern, const Names& folders, const Names& exceptions) {
  const std::regex wanted(pattern, std::regex::optimize);
  Names found;
  for (const Source& source : tree()) {
    if (!begins_with_any(source.path, folders)) continue;
    if (begins_with_any(source.path, exceptions)) continue;
    for (size_t i = 0; i < source.lines.size(); ++i) {
      if (!std::regex_search(source.lines[i], wanted)) continue;
      found.push_back(source.path + ":" + std::to_string(i + 1) + ": " + source.lines[i]);
    }
  }
  return joined(found);
}

}  // namespace yent::rules
