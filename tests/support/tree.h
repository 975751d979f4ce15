// Files of the source tree that tests read.
#pragma once

#include <string>

namespace yent {

// The path of "tests/golden/x.json"; of "" the root, without a slash at its end. Only tree.cpp
// knows where the tree lies, so that all other objects are the same in every clone.
std::string in_tree(const std::string& name);

}  // namespace yent
