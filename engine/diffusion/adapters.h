// What the adapters of a painter do to its networks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "loaders/checkpoint/lora.h"

namespace yent {

struct Adapters {
  std::vector<Lora> loras = {};  // own what the changes borrow; copies share it
  std::map<std::string, std::vector<LoraChange>> changes = {};  // by tensor: "unet.conv_in.bias"
};

// The names, without the part, of the part's tensors that the two change, but not alike.
std::set<std::string> differing(const Adapters& a, const Adapters& b, const std::string& part);

// Throws a file error where a tensor of the part is to be changed and is not among `applied`, which
// are its names with the part: no layer reads it.
void require_all_applied(const Adapters& adapters, const std::string& part,
                         const std::set<std::string>& applied);

}  // namespace yent
