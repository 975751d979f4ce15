#include "tests/support/tree.h"

namespace yent {

std::string in_tree(const std::string& name) {
  const std::string root = YENT_SOURCE_DIR;
  return name.empty() ? root : root + "/" + name;
}

}  // namespace yent
