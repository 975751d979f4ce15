// The two ends of a network: the sum of table rows that begins it, and the loss on its logits.
#pragma once

#include <span>

#include "engine/training/matrix.h"

namespace yent::training {

// x[r] = the sum over the tables of table[ids[r]]; an id below 0 adds nothing. `ids` has a list for
// each table.
using Ids = std::vector<std::vector<int32_t>>;
void embed(const TrainingDevice& device, std::span<Parameter* const> tables, const Ids& ids,
           Matrix& x);
void embed_backward(const TrainingDevice& device, std::span<Parameter* const> tables,
                    const Ids& ids, const Matrix& dx);

// The sum over the rows of weights[r] * -log(softmax(logits[r])[targets[r]]). The logits become
// their gradients. Rows of weight 0 are not looked at: their target may be anything.
double cross_entropy(const TrainingDevice& device, Matrix& logits,
                     const std::vector<int32_t>& targets, const std::vector<float>& weights);

// Zeroes an element with probability `rate` and divides the others by 1 - rate. The same key
// chooses the same elements again, so backward is the same call on the gradient.
void dropout(const TrainingDevice& device, Matrix& x, float rate, uint64_t key);

}  // namespace yent::training
