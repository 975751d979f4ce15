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

  Act make(Shape shape) { return ws.make(backend.form(shape, {Use::any, activations})); }
  Act make(Shape shape, Reader reader) { return ws.make(backend.form(shape, reader)); }
};

}  // namespace yent
