// The product of two matrices in memory, with the kernels of the gemm table. Unlike multiply() of
// gemm_driver.h it packs B at every call, and reads both operands either way round.
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/training_device.h"

namespace yent {

// c [rows, columns] = (or, if `add`, +=) a [rows, depth] b [depth, columns]. The order in which an
// element is summed depends on the depth alone. `gemm` is a row that packs both operands as f32.
struct Product {
  const Gemm& gemm;
  int threads;
  float* c;
  size_t ldc;
  ProductSize size;
  MatrixView a, b;
  bool add;
};
void run_product(const Product& product);

}  // namespace yent
