// What a forward is given.
#pragma once

#include "engine/core/workspace.h"
#include "kernels/backend.h"

namespace yent {

struct Ctx {
  Backend& backend;
  Workspace& ws;
  // What activations are kept in between the layers: below f32, devices may store them shorter.
  Precision activations = Precision::f32;

  Activation make(Shape shape) {
    return ws.make(backend.layout(shape, {Consumer::any, activations}));
  }
  Activation make(Shape shape, ConsumerHint hint) { return ws.make(backend.layout(shape, hint)); }
};

}  // namespace yent
