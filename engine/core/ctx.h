// What a forward is given.
#pragma once

#include "engine/core/workspace.h"
#include "kernels/backend.h"

namespace yent {

struct Ctx {
  Backend& backend;
  Workspace& ws;
};

}  // namespace yent
