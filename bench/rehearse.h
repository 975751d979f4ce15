// How evenly the painter's layers spread over more cores than the machine has.
#pragma once

#include <string>

namespace yent {

struct RehearsalOf {
  std::string model, policy, precision, isa;  // as for `bench`
  int width = 0, height = 0;
};

// Paints with one thread, then once more with each loop's tasks given to `threads` imagined ones,
// and prints for every stage the time of both and the layers that lose most. A layer loses what it
// takes beyond its time on one thread divided by `threads`: uneven tasks, too few of them, and what
// runs on one thread alone. Caches, memory and frequency are left out, so no machine is faster.
void print_rehearsal(const RehearsalOf& what, int threads);

}  // namespace yent
