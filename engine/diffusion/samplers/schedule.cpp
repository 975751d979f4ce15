#include "engine/diffusion/samplers/schedule.h"

namespace yent {

bool ModelCall::reads_noise() const {
  for (const Update& update : updates) {
    for (const Term& term : update.terms) {
      if (term.source == kNoise) return true;
    }
  }
  return false;
}

}  // namespace yent
