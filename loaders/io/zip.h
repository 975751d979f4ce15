// Zip archives of stored entries, as torch.save writes them: found in place, nothing inflated.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace yent {

struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;  // in the archive
};

// The entries in the central directory's order, zip64 included. Refuses compressed and encrypted
// entries, several disks, names that occur twice, a directory and local headers that disagree,
// and entries that overlap or leave the archive. Checksums are not read: that would touch every
// page. Throws a file error that begins with `where`.
std::vector<ZipEntry> read_zip(std::span<const std::byte> archive, const std::string& where);

}  // namespace yent
