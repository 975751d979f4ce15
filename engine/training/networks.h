// The two networks that the project trains, as specs of the transformer, and their first weights.
#pragma once

#include "engine/models/ascii_transformer.h"
#include "engine/training/transformer.h"

namespace yent::training {

// The sizes of character diffusion that a person chooses.
struct NetworkShape {
  int layers = 6, heads = 6, width = 384;
};

// Character diffusion (the published shape is the default): 128 characters, as many steps of time,
// attention in both directions over at most 512 positions. Tables: characters, time.
TransformerSpec char_diffusion_spec(const NetworkShape& shape);

// The ASCII transformer. Tables: characters, width, height, style, distance to the last row, to the
// last column. Axes: row, column.
TransformerSpec ascii_spec(const AsciiTransformerConfig& config);

// Throws a usage error for a shape that no head or no kernel of character diffusion fits.
void check_shape(const NetworkShape& shape);

// Tables are normal with this deviation, gains 1, inward matrices normal with min(1, sqrt(out /
// in)) / sqrt(in), outward matrices 0, so that at first a block adds nothing.
constexpr float char_diffusion_table_deviation = 1, ascii_table_deviation = 0.02f;
void initialize(Transformer& network, float table_deviation, uint64_t seed);

}  // namespace yent::training
