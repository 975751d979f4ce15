// The colours of a picture in CIELAB, and the distance of two palettes.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

using LabColour = std::array<double, 3>;

// sRGB to linear (IEC 61966-2-1), XYZ (D65), CIELAB with the white of the matrix's row sums.
LabColour lab_of(const uint8_t* rgb);

// At most 16 colours, and the share of the pixels that each has. Pixels are pooled by the upper 5
// bits of their channels; the cluster with the greatest weighted squared deviation on one axis is
// split at its mean until there are 16, then 10 rounds of Lloyd's algorithm. All ties are decided
// (the lower cluster, then L, a, b), so that equal pictures have equal palettes anywhere.
struct Palette {
  std::vector<LabColour> colours;
  std::vector<double> shares;
};
Palette palette_of(const Image& picture);

// The least cost of carrying the shares of one palette to the other's colours, by Euclid in Lab
// (CIE76): the exact earth mover's distance.
std::optional<double> earth_mover(const Palette& from, const Palette& to);

}  // namespace yent
