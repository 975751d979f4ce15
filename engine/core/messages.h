// What a library says to the people around it, one sentence at a time.
#pragma once

#include <functional>
#include <string>

namespace yent {

// Called on the thread that works. A pipeline on several devices calls from several threads, one at
// a time.
struct Messages {
  using Say = std::function<void(const std::string& sentence)>;
  Say warn = [](const std::string&) {};  // something is wrong, and the work goes on
  Say note = [](const std::string&) {};  // details for the curious
};

}  // namespace yent
