#include "engine/pipeline/named_policy.h"

#include "engine/pipeline/assets.h"
#include "kernels/error.h"

namespace yent {
namespace {

Policy shipped_policy(const std::string& name) {
  return Policy::read(shipped("policies/" + name + ".policy"));
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

Policy named_policy(const std::string& policy, const std::string& precision,
                    const Backend& backend) {
  if (!policy.empty()) {  // a name has neither slash nor dot
    const bool is_name = policy.find_first_of("/.") == std::string::npos;
    return resolved(is_name ? shipped_policy(policy) : Policy::read(policy), backend);
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
