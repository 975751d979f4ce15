// The sources of the whole tree as lines of text, for the rules that the compiler cannot check.
#pragma once

#include <string>
#include <vector>

namespace yent::rules {

using Names = std::vector<std::string>;

struct Source {
  std::string path;    // from the root of the tree, such as kernels/cpu/gemm/gemm.h
  std::string folder;  // the first part of it
  Names lines;
  Names includes;  // as written, without quotes or brackets
};

// Every .h, .hpp, .cpp, .cu and .cuh file of the tree, sorted by path. Read once.
const std::vector<Source>& tree();

bool begins_with_any(const std::string& name, const Names& prefixes);

// One name a line, so that a failed CHECK shows them. Every rule expects the empty string.
std::string joined(const Names& names);

// Every include in the top folder `folder` that begins with one of `prefixes`.
std::string arrows(const std::string& folder, const Names& prefixes);

// The files outside `folders` that include a path that begins with `prefix`.
std::string includers(const std::string& prefix, const Names& folders);

// The lines that match the regular expression `pattern`, in files that begin with one of `folders`
// and with none of `exceptions`.
std::string lines_like(const std::string& pattern, const Names& folders,
                       const Names& exceptions = {});

}  // namespace yent::rules
