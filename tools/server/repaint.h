// Repainting as AUTOMATIC1111 does it: the mask's edge is soft, what is under it begins with the
// colours around it, and where it is asked for only the surroundings of the mask are painted, in
// the whole size. What the mask leaves alone is in the end what it was, to the bit.
#pragma once

#include "loaders/image/image.h"

namespace yent::server {

struct RepaintWish {
  bool invert = false;       // black is repainted
  double blur = 4;           // sigma of the mask's edge, in pixels
  bool keeps_start = false;  // the picture itself is under the mask to begin with
  bool around_mask = true;   // only the surroundings of the mask are painted
  int padding = 0;           // pixels around it
};

// Part of a picture.
struct Region {
  int x = 0, y = 0, width = 0, height = 0;
};

struct RepaintPlan {
  Image picture, mask;   // for the painter: white is repainted
  Image whole, overlay;  // what the result is put into, and how much of the result each pixel gets
  Region region;         // of `whole` that is painted
};

// Throws a usage error for a mask without anything to repaint. `width` and `height` are what will
// be painted. Takes time in proportion to the pixels.
RepaintPlan plan_repaint(const Image& picture, const Image& mask, const RepaintWish& wish,
                         int width, int height);

// The painter's picture in its place.
Image put_back(const RepaintPlan& plan, const Image& painted);

}  // namespace yent::server
