#include "kernels/training_device.h"

#include <algorithm>

#include "kernels/cpu/isa_table.h"
#include "kernels/cpu/runtime/cores.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/cpu/training/exp_row.h"
#include "kernels/cpu/training/product.h"
#include "kernels/error.h"

namespace yent {

extern const ExpRow exp_row_ref;

#if defined(__x86_64__)
extern const ExpRow exp_row_avx2, exp_row_avx512;
#elif defined(__aarch64__)
extern const ExpRow exp_row_neon;
#endif

namespace {

#if defined(__x86_64__)
const ExpRow* const exp_row_table[] = {&exp_row_avx512, &exp_row_avx2, &exp_row_ref};
#elif defined(__aarch64__)
const ExpRow* const exp_row_table[] = {&exp_row_neon, &exp_row_ref};
#else
const ExpRow* const exp_row_table[] = {&exp_row_ref};
#endif

}  // namespace

TrainingDevice::TrainingDevice(const std::string& isa, int threads)
    : threads_(threads > 0 ? threads : usable_cores()) {
  const CpuFeatures features = detect_features();
  const Isa cap = resolve_cap(isa, features);
  gemm_ = &pick(gemm_f32_table(), cap, features);
  exp_row_ = &pick<ExpRow>(exp_row_table, cap, features);
}

std::string TrainingDevice::isa() const { return gemm_->name; }

void TrainingDevice::multiply(float* c, size_t ldc, ProductSize size, MatrixView a, MatrixView b,
                              bool add) const {
  ENSURE(size.depth > 0, "a product of depth 0");
  if (size.rows == 0 || size.columns == 0) return;
  run_product({*gemm_, threads_, c, ldc, size, a, b, add});
}

void TrainingDevice::for_tasks(size_t tasks, const std::function<void(size_t)>& body) const {
  parallel_for(threads_, tasks, [&](size_t task, int) { body(task); });
}

void TrainingDevice::for_pieces(size_t count, size_t piece,
                                const std::function<void(size_t, size_t)>& body) const {
  parallel_for(threads_, ceil_div(count, piece),
               [&](size_t task, int) { body(task * piece, std::min((task + 1) * piece, count)); });
}

float TrainingDevice::exp_row(float* out, const float* x, size_t count, float scale,
                              float shift) const {
  return exp_row_->run(out, x, count, scale, shift);
}

}  // namespace yent
