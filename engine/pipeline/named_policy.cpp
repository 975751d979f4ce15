#include "engine/pipeline/named_policy.h"

#include <algorithm>

#include "engine/pipeline/assets.h"
#include "kernels/error.h"
#include "kernels/spelling.h"
#include "loaders/io/embedded.h"

namespace yent {
namespace {

Policy shipped_policy(const std::string& name) {
  const std::string file = "policies/" + name + ".policy";
  const std::vector<std::string> known = policy_names();
  if (!known.empty() && !find_shipped(file)) {
    throw file_error("the policy {} does not ship with yent, expected a file or {}", name,
                     one_of(name, known));
  }
  return Policy::read(shipped(file));
}

Policy automatic_mix(const Backend& backend) {
  if (backend.device() == "cuda") return Policy(Precision::f16);
  if (backend.isa() == "ref") return Policy(Precision::f32);
  return shipped_policy("auto");
}

Policy resolved(Policy policy, const Backend& backend) {
  if (policy.has_auto()) policy.resolve_auto(automatic_mix(backend));
  return policy;
}

}  // namespace

bool is_policy_path(const std::string& policy) {
  return policy.find_first_of("/.") != std::string::npos;
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const std::filesystem::path& file : files_in(find_shipped("policies").value_or(""))) {
    if (file.extension() == ".policy") names.push_back(file.stem().string());
  }
  std::ranges::sort(names);
  return names;
}

Policy named_policy(const std::string& policy, const std::string& precision,
                    const Backend& backend) {
  if (!policy.empty()) {
    return resolved(is_policy_path(policy) ? Policy::read(policy) : shipped_policy(policy),
                    backend);
  }
  if (precision == "auto") return automatic_mix(backend);
  Precision everywhere = Precision::f32;
  if (!parse_precision(precision, everywhere)) {
    throw usage_error("the precision is {}, expected auto, f32, bf16, f16 or int8", precision);
  }
  return Policy(everywhere);
}

Policy policy_from_text(const std::string& text, const Backend& backend) {
  return resolved(Policy::parse(text, "the policy given"), backend);
}

}  // namespace yent
