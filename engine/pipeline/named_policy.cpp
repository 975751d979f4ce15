#include "engine/pipeline/named_policy.h"

#include "engine/pipeline/assets.h"

namespace yent {

Policy named_policy(const std::string& policy, const std::string& precision,
                    const Backend& backend) {
  const auto ours = [](const std::string& name) {
    return Policy::read(shipped("policies/" + name + ".policy"));
  };
  if (!policy.empty()) {  // a name has neither slash nor dot
    return policy.find_first_of("/.") == std::string::npos ? ours(policy) : Policy::read(policy);
  }
  Precision everywhere = Precision::f32;
  parse_precision(precision, everywhere);
  if (precision == "auto") {
    if (backend.device() == "cuda") return Policy(Precision::f16);
    if (backend.isa() != "ref") return ours("auto");
  }
  return Policy(everywhere);
}

}  // namespace yent
