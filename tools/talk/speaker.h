// Yent as the options of a run have him, or two of him, and the file that keeps the conversation.
#pragma once

#include <memory>
#include <string>

#include "engine/pipeline/yent_session.h"
#include "tools/run.h"

namespace yent {

// One call at a time, but roast() may run while a painter works: two Yents have a backend of their
// own, with one thread.
class Speaker {
 public:
  // Reads the session file and loads the voices.
  explicit Speaker(Run& run);

  // How the options want reactions to be made.
  ReactionSpec spec() const;

  // What Yent answers; told in the report, and kept in the session file.
  Reaction answer(const std::string& said, const ReactionSpec& spec, const PromptLimit& limit,
                  const CancelToken* cancel);
  // What the other one says to that. Only if there are two.
  std::string roast(const std::string& said, const ReactionSpec& spec, const CancelToken* cancel);

  bool are_two() const { return run_.options.dual; }
  // A before B reacts, and the other way round.
  std::string commentator() const;
  YentSession& session() { return *session_; }

 private:
  void tell(const std::string& said, const Reaction& reaction, const ReactionSpec& spec);

  Run& run_;
  std::unique_ptr<Backend> own_backend_;
  std::unique_ptr<YentSession> session_;
};

}  // namespace yent
