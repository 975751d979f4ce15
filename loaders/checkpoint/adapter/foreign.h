// Adapters that are refused by name: other formulas, and files for other models.
#pragma once

#include <string>
#include <string_view>

namespace yent {

// Throws a file error that names the kind of adapter or model which the key is known to be of.
void refuse_foreign_key(std::string_view key, const std::string& path);

}  // namespace yent
