// How the weights of a prompt act on the text encoder's output.
#pragma once

#include <span>

namespace yent {

// Multiplies every row of `hidden` [weights.size()][width] with its weight and then all rows with
// one factor, so that the mean of all numbers is what it was: AUTOMATIC1111's "Original" emphasis,
// over one chunk with start, end and padding. Throws a usage error where the weights leave no mean
// that could be restored.
void emphasize(std::span<float> hidden, std::span<const float> weights);

}  // namespace yent
