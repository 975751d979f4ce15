// What has been said in a conversation, and what it left behind: everything that outlives a turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/yent/dissonance.h"
#include "engine/yent/reaction.h"

namespace yent {

struct Turn {
  std::string said;
  Reaction reaction = {};
};

// A value; not for two threads at once.
class Conversation {
 public:
  void add(Turn turn);

  int64_t count() const { return count_; }                   // of all turns
  const std::vector<Turn>& turns() const { return turns_; }  // those remembered, the oldest first

  Dissonance dissonance;

  // As JSON with the last 20 turns, and back. `where` begins the sentence of the file error for
  // anything else.
  Json state() const;
  static Conversation restored(const Json& state, const std::string& where);

 private:
  std::vector<Turn> turns_;
  int64_t count_ = 0;
};

}  // namespace yent
