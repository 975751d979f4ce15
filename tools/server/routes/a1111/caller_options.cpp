#include "tools/server/routes/a1111/caller_options.h"

#include <algorithm>

namespace yent::server {
namespace {

// A model may be called as AUTOMATIC1111 shows it: name.safetensors [1a2b3c4d].
std::string model_named(const std::string& text, const Shelf& shelf) {
  const std::vector<std::string> names = shelf.model_names();
  const auto is_known = [&](const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  std::string name = text;
  if (!is_known(name) && name.ends_with(']')) name = name.substr(0, name.rfind(" ["));
  for (const char* ending : {".safetensors", ".ckpt"}) {
    if (!is_known(name) && name.ends_with(ending)) {
      name.resize(name.size() - std::string_view(ending).size());
    }
  }
  shelf.model(is_known(name) ? name : text);  // throws
  return name;
}

}  // namespace

CallerOptions OptionsOfCallers::of(const Caller& caller) const {
  const auto found = all_.find(caller.id);
  return found == all_.end() ? CallerOptions() : found->second;
}

void OptionsOfCallers::set(const Caller& caller, CallerOptions options) {
  order_.remove(caller.id);
  order_.push_back(caller.id);
  all_[caller.id] = std::move(options);
  if (all_.size() <= kMost) return;
  all_.erase(order_.front());
  order_.pop_front();
}

CallerOptions changed(CallerOptions options, const Fields& fields, const Shelf& shelf) {
  if (fields.has("sd_model_checkpoint")) {
    options.model = model_named(fields.text("sd_model_checkpoint"), shelf);
  }
  options.clip_skip =
      static_cast<int>(fields.integer("CLIP_stop_at_last_layers", options.clip_skip));
  return options;
}

}  // namespace yent::server
