// Turns of a run: what is said, what Yent makes of it, and the pictures of that.
#pragma once

#include <string>

#include "tools/paint_request.h"
#include "tools/talk/speaker.h"

namespace yent {

// What a run paints with, loaded once.
struct Painting {
  // Finds whatever can be wrong with the inputs before the first network runs. `dump` may be null.
  Painting(Run& run, Dump* dump);

  // Another request, which is checked as the first was.
  void ask_for(const Run& run, PaintRequest another);

  Pipeline pipeline;
  PaintRequest request;  // all but Yent's prompt
  Pipeline::Resolution made;
};

// What is wrong with the options: an unknown mood or style, an output that cannot be written.
void check_options(Run& run);

struct Said {
  std::string words;
  int pictures_before = 0;              // of the run
  const CancelToken* cancel = nullptr;  // what may stop the work
};

// Yent's answer without a picture. Of the painter, only what counts tokens is asked.
void react(Run& run, Speaker& speaker, const Said& said, const PromptLimit& limit);

// Yent's answer and its pictures.
void react_and_paint(Run& run, Speaker& speaker, const Said& said, Painting& painting);

// The pictures of the painting's request, whose prompt is the options'.
void paint_prompt(Run& run, Painting& painting, const Said& said);

// Of several turns of a run: times and report begin anew.
void begin_turn(Run& run);

// Every key that a report has, in order; null where the run has nothing to say.
void begin_report(Run& run);

}  // namespace yent
