// The options that a caller has set by POST options: they hold for his key or cookie alone.
#pragma once

#include <list>
#include <map>
#include <string>

#include "tools/server/routes/schema.h"
#include "tools/server/server.h"

namespace yent::server {

struct CallerOptions {
  std::string model = "default";
  int clip_skip = 1;
};

// Of the network thread. Forgotten when the server ends, and those of the caller who has set his
// longest ago where there are very many.
class OptionsOfCallers {
 public:
  CallerOptions of(const Caller& caller) const;
  void set(const Caller& caller, CallerOptions options);

 private:
  static constexpr size_t kMost = 10'000;

  std::map<std::string, CallerOptions> all_;
  std::list<std::string> order_;  // who was set first is in front
};

// What the fields change in the options. Throws a usage error for a model that is not there.
CallerOptions changed(CallerOptions options, const Fields& fields, const Shelf& shelf);

}  // namespace yent::server
