// Pictures across the C API.
#pragma once

#include "engine/api/api.h"
#include "loaders/image/image.h"

namespace yent::api {

// A copy of the caller's pixels. Throws a usage error where there are none or too many.
Image image_of(const yent_image& given);

// A copy whose pixels the caller frees.
yent_image new_image(const Image& image);

}  // namespace yent::api
