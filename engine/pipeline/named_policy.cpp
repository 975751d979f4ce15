#include "engine/pipeline/named_policy.h"

#include <algorithm>
#include <optional>

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

// The pieces of text between separators.
std::vector<std::string> pieces_of(const std::string& text, char separator) {
  std::vector<std::string> pieces{""};
  for (const char c : text) {
    if (c == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  return pieces;
}

Policy one_policy(const std::string& name) {
  return is_policy_path(name) ? Policy::read(name) : shipped_policy(name);
}

// A, A:F or A:F:B.
Policy mixed_policy(const std::string& text) {
  const std::vector<std::string> pieces = pieces_of(text, ':');
  if (pieces.size() == 1) return one_policy(text);
  double share = 0;
  if (pieces.size() > 3 || !parse_number(pieces[1], share)) {
    throw usage_error("the policy is {}, expected A, A+B, A:F or A:F:B with a share F from 0 to 1",
                      text);
  }
  const Policy nothing = Policy::parse("", "nothing");
  return one_policy(pieces[0]).mixed(share, pieces.size() == 3 ? one_policy(pieces[2]) : nothing);
}

Policy several_policies(const std::string& text) {
  std::error_code none;
  if (is_policy_path(text) && std::filesystem::exists(text, none)) return Policy::read(text);
  std::optional<Policy> all;
  for (const std::string& piece : pieces_of(text, '+')) {
    const Policy next = mixed_policy(piece);
    all = all ? all->then(next) : next;
  }
  return *all;
}

}  // namespace

bool is_policy_path(const std::string& policy) {
  return policy.find_first_of("/.") != std::string::npos;
}

std::vector<std::string> policy_files(const std::string& policy) {
  std::error_code none;
  if (std::filesystem::exists(policy, none)) return {policy};
  std::vector<std::string> files;
  for (const std::string& piece : pieces_of(policy, '+')) {
    for (const std::string& name : pieces_of(piece, ':')) {
      double share = 0;
      if (is_policy_path(name) && !parse_number(name, share)) files.push_back(name);
    }
  }
  return files;
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
    return resolved(several_policies(policy), backend);
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
