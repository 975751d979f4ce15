// Finds the adapters that a prompt asks for by name.
#pragma once

#include <filesystem>
#include <string>

namespace yent {

// The file of that name in a folder or below it: `style` is style.safetensors, .pt, .ckpt or .bin,
// sub/style one in a folder, and the ending may be written, too. Never a file outside the folder.
// Throws a usage error where no folder is given, a file error where none or several files match.
std::filesystem::path find_lora(const std::filesystem::path& folder, const std::string& name);

}  // namespace yent
