// Whether a file is still the same one, at a glance: weights of gigabytes are sampled.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace yent {

// 16 hexadecimal digits of the size and the bytes: all of them up to 4 MiB, else of 64 blocks of
// 16 KiB, the first and the last among them. It tells trainings apart, not forgeries.
std::string fingerprint(std::span<const std::byte> bytes);

// Of files in any order and under any names. Those that cannot be read are left out; "" where none
// can.
std::string fingerprint(const std::vector<std::filesystem::path>& files);

}  // namespace yent
