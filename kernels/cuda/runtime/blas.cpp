#include "kernels/cuda/runtime/blas.h"

#include <cublasLt.h>
#include <dlfcn.h>

#include <array>
#include <map>

namespace yent::cuda {
namespace {

struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;

  bool open() {
    // The version whose header this was compiled with: an older one has other structs.
    const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    const auto find = [&](auto& function, const char* symbol) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
      return function != nullptr;
    };
    return find(create, "cublasLtCreate") && find(destroy, "cublasLtDestroy") &&
           find(matmul, "cublasLtMatmul") && find(desc_create, "cublasLtMatmulDescCreate") &&
           find(desc_destroy, "cublasLtMatmulDescDestroy") &&
           find(desc_set, "cublasLtMatmulDescSetAttribute") &&
           find(layout_create, "cublasLtMatrixLayoutCreate") &&
           find(layout_destroy, "cublasLtMatrixLayoutDestroy") &&
           find(preference_create, "cublasLtMatmulPreferenceCreate") &&
           find(preference_destroy, "cublasLtMatmulPreferenceDestroy") &&
           find(preference_set, "cublasLtMatmulPreferenceSetAttribute") &&
           find(heuristic, "cublasLtMatmulAlgoGetHeuristic");
  }
};

// The largest power of two up to 256 that divides all addresses given.
uint32_t alignment_of(std::initializer_list<const void*> addresses) {
  uintptr_t bits = 256;
  for (const void* p : addresses) bits |= reinterpret_cast<uintptr_t>(p);
  return static_cast<uint32_t>(bits & (~bits + 1));
}

class LoadedBlas : public Blas {
 public:
  explicit LoadedBlas(Queue& q, const Library& library) : q_(q), lib_(library) {}
  ~LoadedBlas() override {
    for (auto& [key, plan] : plans_) release(plan);
    if (handle_) lib_.destroy(handle_);
  }

  bool start() { return lib_.create(&handle_) == CUBLAS_STATUS_SUCCESS; }

  bool linear(const BlasArgs& a) override {
    Plan& plan = plan_of(a);
    if (!plan.usable) return false;
    q_.sign(&a, sizeof(a));
    if (q_.compares()) return true;
    const void* bias = a.bias;
    if (bias) {
      lib_.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof(bias));
    }
    const float one = 1, beta = a.residual ? 1.0f : 0.0f;
    // Row-major is column-major transposed: the library sees out^T = weight x^T.
    q_.enter();
    plan.usable =
        lib_.matmul(handle_, plan.desc, &one, a.weight, plan.weight, a.x, plan.x, &beta,
                    a.residual ? a.residual : a.out, plan.residual, a.out, plan.out,
                    &plan.algorithm, a.workspace, kWorkspace, q_.stream()) == CUBLAS_STATUS_SUCCESS;
    return plan.usable;
  }

 private:
  struct Plan {
    cublasLtMatmulDesc_t desc = nullptr;
    cublasLtMatrixLayout_t weight = nullptr, x = nullptr, residual = nullptr, out = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};
    bool usable = false;
  };
  using Key = std::array<int64_t, 11>;

  // The algorithm is asked for once per shape and alignment, and stays.
  Plan& plan_of(const BlasArgs& a) {
    const uint32_t aligned = alignment_of({a.x, a.weight, a.residual, a.out});
    const Key key{a.m,
                  a.n,
                  a.k,
                  a.ld_x,
                  a.ld_weight,
                  a.ld_residual,
                  a.ld_out,
                  aligned,
                  a.bias != nullptr,
                  a.residual != nullptr,
                  a.residual == a.out};
    const auto [at, is_new] = plans_.try_emplace(key);
    if (is_new) at->second.usable = make(at->second, a, aligned);
    return at->second;
  }

  bool make(Plan& plan, const BlasArgs& a, uint32_t aligned) {
    const auto good = [](cublasStatus_t status) { return status == CUBLAS_STATUS_SUCCESS; };
    const cublasOperation_t transpose = CUBLAS_OP_T;
    if (!good(lib_.desc_create(&plan.desc, CUBLAS_COMPUTE_32F, CUDA_R_32F)) ||
        !good(
            lib_.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_TRANSA, &transpose, sizeof(transpose))) ||
        !good(lib_.layout_create(&plan.weight, CUDA_R_16F, a.k, a.n, a.ld_weight)) ||
        !good(lib_.layout_create(&plan.x, CUDA_R_16F, a.k, a.m, a.ld_x)) ||
        !good(lib_.layout_create(&plan.residual, CUDA_R_16F, a.n, a.m,
                                 a.residual ? a.ld_residual : a.ld_out)) ||
        !good(lib_.layout_create(&plan.out, CUDA_R_16F, a.n, a.m, a.ld_out))) {
      return false;
    }
    if (a.bias) {
      const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
      if (!good(lib_.desc_set(plan.desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                              sizeof(epilogue)))) {
        return false;
      }
    }
    cublasLtMatmulPreference_t preference = nullptr;
    if (!good(lib_.preference_create(&preference))) return false;
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto value) {
      lib_.preference_set(preference, what, &value, sizeof(value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(kWorkspace));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, aligned);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, aligned);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, aligned);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, aligned);
    cublasLtMatmulHeuristicResult_t result = {};
    int found = 0;
    const cublasStatus_t status =
        lib_.heuristic(handle_, plan.desc, plan.weight, plan.x, plan.residual, plan.out, preference,
                       1, &result, &found);
    lib_.preference_destroy(preference);
    plan.algorithm = result.algo;
    return good(status) && found == 1;
  }

  void release(const Plan& plan) {
    if (plan.desc) lib_.desc_destroy(plan.desc);
    for (const auto layout : {plan.weight, plan.x, plan.residual, plan.out}) {
      if (layout) lib_.layout_destroy(layout);
    }
  }

  Queue& q_;
  Library lib_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<Key, Plan> plans_;
};

}  // namespace

std::unique_ptr<Blas> Blas::open(Queue& q) {
  Library library;
  if (!library.open()) return nullptr;
  auto blas = std::make_unique<LoadedBlas>(q, library);
  if (!blas->start()) return nullptr;
  return blas;
}

}  // namespace yent::cuda
