// The cost of a forward, op by op: multiply-accumulates, bytes and time, under the checkpoint's
// names. Wraps a backend, which must outlive it; one thread at a time may use it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/decorate.h"

namespace yent {

struct TracedOp {
  std::string name;  // checkpoint path; of an attention, the path of its module
  std::string op;    // "linear", "conv3x3", "attention", ...
  double macs = 0;   // of the last call
  double bytes = 0;  // of the last call: inputs, outputs and weights, each once
  double ms = 0;     // of all calls
  int calls = 0;
};

// Milliseconds since any moment.
double wall_clock();

// Counts ops of dry runs too, but measures only real runs, by `clock`.
class TraceBackend : public Decorator {
 public:
  explicit TraceBackend(Backend& inner, std::function<double()> clock = wall_clock)
      : Decorator(inner), clock_(std::move(clock)) {}

  // In order of first use.
  const std::vector<TracedOp>& ops() const { return ops_; }
  double macs() const;  // of one call of each
  void clear();

  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override;
  void conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override;
  void norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p, const ConvWeight& w,
                    const ConvGeom& g, const Epilogue& e) override;
  void group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override;
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override;
  void rms_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w, int width) override;
  void attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) override;

 private:
  template <class Call>
  void trace(const Arena& arena, const std::string& name, const char* op, double macs, double bytes,
             Call call);

  std::function<double()> clock_;
  std::vector<TracedOp> ops_;
  std::map<std::string, size_t> index_;
};

}  // namespace yent
