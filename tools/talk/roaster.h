// The roast of the other Yent, said while the picture renders.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tools/talk/speaker.h"

namespace yent {

// From its construction to finish() or its destruction it uses the speaker, in a thread of its own.
class Roaster {
 public:
  Roaster(Run& run, Speaker& speaker, const std::string& said, const ReactionSpec& spec);
  Roaster(const Roaster&) = delete;
  Roaster& operator=(const Roaster&) = delete;
  ~Roaster();  // what is not said by now stays unsaid

  // Waits for the roast, says what is left of it at once, and returns it: nothing, and a warning,
  // where it went wrong.
  const std::string& finish();

 private:
  void work(const std::string& said, const ReactionSpec& spec);
  void type(const std::string& line);

  Run& run_;
  Speaker& speaker_;
  CancelToken cancel_;
  std::string text_;
  std::mutex mutex_;
  std::condition_variable hurry_;
  bool in_a_hurry_ = false;
  std::thread thread_;
};

}  // namespace yent
