// What training asks of the processor, and a Backend does not offer: f32 products whose operands
// both change at every step, in the forms of a layer's forward and backward pass, and loops on
// threads. Results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace yent {

struct Gemm;
struct ExpRow;

// A matrix to be read: element (r, c) is data[r * ld + c], or data[c * ld + r] if `transposed`.
struct MatrixView {
  const float* data = nullptr;
  size_t ld = 0;
  bool transposed = false;
};

struct ProductSize {
  size_t rows = 0, columns = 0, depth = 0;
};

// A processor with an instruction set. Const functions may be called from several threads at once;
// from within a task they work on that task's thread alone.
class TrainingDevice {
 public:
  // A cap on the instruction set (empty: none) and on the threads (0: one for each physical core).
  // An unknown name is a usage error, one that this machine does not have is a run error.
  TrainingDevice(const std::string& isa, int threads);

  int threads() const { return threads_; }
  std::string isa() const;

  // c [rows, columns] = (or, if `add`, +=) a [rows, depth] b [depth, columns]. c may overlap
  // neither.
  void multiply(float* c, size_t ldc, ProductSize size, MatrixView a, MatrixView b, bool add) const;

  // Calls body(task) for every task; any thread may get any task.
  void for_tasks(size_t tasks, const std::function<void(size_t task)>& body) const;
  // Calls body(begin, end) for pieces of 0 .. count that do not depend on the threads.
  void for_pieces(size_t count, size_t piece,
                  const std::function<void(size_t begin, size_t end)>& body) const;

  // out = e^(scale * x + shift); returns the sum. `out` may be x. Saturates at about 1e38.
  float exp_row(float* out, const float* x, size_t count, float scale, float shift) const;

 private:
  const Gemm* gemm_;
  const ExpRow* exp_row_;
  int threads_;
};

}  // namespace yent
