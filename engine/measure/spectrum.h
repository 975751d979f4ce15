// How much of a picture's variation is fine.
#pragma once

#include <span>

namespace yent {

// Of the luma of 256 x 256 pixels with this mean: the share of its power (of the discrete Fourier
// transform) whose frequency, by Euclid of both directions, is above a quarter of the sampling
// frequency. 0 where there is no power.
double high_frequency_ratio(std::span<const int> luma, double mean);

}  // namespace yent
