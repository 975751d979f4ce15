// The reference backend, which all others are compared with: every op in its obvious form, f32, one
// thread, Eigen for the products.
#pragma once

#include <memory>

#include "kernels/backend.h"

namespace yent {

std::unique_ptr<Backend> make_ref_backend();

}  // namespace yent
