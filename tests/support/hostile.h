// Damaged files that a reader must survive: a valid file cut short anywhere, or with any byte
// changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "loaders/tensors/tensor_set.h"
#include "tests/support/temporary_folder.h"

namespace yent::test {

std::vector<uint8_t> contents(const std::filesystem::path& path);

// The sentence that `read` refuses with, "" when it succeeds. Only an Error of kind file passes.
std::string refusal(const std::function<void()>& read);

// Adds up every byte of every tensor, each of which must lie in memory that the set owns.
size_t touch(const TensorSet& set);

struct Damage {
  size_t cuts_accepted = 0, changes_accepted = 0;  // of those tried
  size_t cuts = 0, changes = 0;
};

// Gives `read` every proper prefix of `valid`, then every copy with one byte changed: each in a
// new file called `name`. `read` shall open it and look at all its contents.
Damage damage(const std::vector<uint8_t>& valid, const std::string& name,
              const std::function<void(const std::filesystem::path&)>& read);

}  // namespace yent::test
