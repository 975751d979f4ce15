// Arrays of the caller as our objects. All of them are copied; usage errors where they make no
// sense.
#pragma once

#include "engine/diffusion/inputs.h"
#include "engine/diffusion/latent.h"
#include "yent/yent.h"

namespace yent::api {

// `what` names it in an error.
Latent latent_of(const yent_latent& given, const char* what);

// [tokens, width] each; `uncond` may be NULL.
TextEmbeddings embeddings_of(const float* cond, const float* uncond, int32_t tokens, int32_t width);

}  // namespace yent::api
