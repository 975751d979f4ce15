#include "engine/diffusion/adapters.h"

#include "kernels/error.h"

namespace yent {

std::set<std::string> differing(const Adapters& a, const Adapters& b, const std::string& part) {
  const std::string prefix = part + ".";
  std::set<std::string> names;
  const auto add = [&](const Adapters& from, const Adapters& to) {
    for (const auto& [name, changes] : from.changes) {
      if (!name.starts_with(prefix)) continue;
      const auto other = to.changes.find(name);
      if (other != to.changes.end() && other->second == changes) continue;
      names.insert(name.substr(prefix.size()));
    }
  };
  add(a, b);
  add(b, a);
  return names;
}

void require_all_applied(const Adapters& adapters, const std::string& part,
                         const std::set<std::string>& applied) {
  for (const auto& [name, changes] : adapters.changes) {
    if (!name.starts_with(part + ".") || applied.contains(name)) continue;
    throw file_error("{}: {} is changed, but the {} does not read it", changes[0].parts.path(),
                     name, part);
  }
}

}  // namespace yent
