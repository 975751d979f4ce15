// Files that stand where a model should be: what a clone without Git LFS leaves, and what a failed
// download saves.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace yent {

// Throws a file error that says what the bytes are, if they are a Git LFS pointer or a web page.
void refuse_placeholder(std::span<const std::byte> bytes, const std::filesystem::path& path);

}  // namespace yent
