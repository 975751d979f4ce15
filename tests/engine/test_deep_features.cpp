// Calls of the denoising network that cost less: those that take the deep features of an earlier
// call, and those without guidance.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "engine/diffusion/samplers/call_plan.h"
#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/models/unet.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

// A guided call that goes through all layers is G, one that takes deep features g; without guidance
// F and f.
std::string letters(const std::vector<PlannedCall>& plan) {
  std::string text;
  for (const PlannedCall& call : plan) {
    text += call.guided ? (call.takes_deep ? "g" : "G") : (call.takes_deep ? "f" : "F");
  }
  return text;
}

std::string planned(const char* sampler, int steps, const CallWish& wish, double strength = 1) {
  const Schedule schedule = make_schedule(sampler, SchedulerConfig::stable_diffusion(), steps,
                                          NoiseLevels::spaced, strength);
  return letters(plan_calls(schedule, wish));
}

// A toy UNet and what one call of it needs.
class Caller {
 public:
  Caller(const std::string& name, Backend& backend, Precision precision)
      : golden_(name),
        seeded_("unet", golden_.config["seed"].get<uint64_t>()),
        policy_(precision),
        unet_(WeightBinder(seeded_.checkpoint, backend, policy_),
              UNetConfig::from_json(golden_.config["model"], name)),
        ws_(backend, Workspace::Mode::poisoned),
        c_{backend, ws_, precision} {
    const auto prefix = golden_.config["cases"].get<std::vector<std::string>>()[0] + ".";
    text_ = put(golden_.rows(prefix + "text"), golden_.shape(prefix + "text"));
    latent_ = put(golden_.rows(prefix + "latent"), golden_.shape(prefix + "latent"));
    std::vector<float> other = golden_.rows(prefix + "latent");
    std::ranges::reverse(other);
    other_ = put(other, golden_.shape(prefix + "latent"));
    const std::vector<double> times{801, 401};
    cond = unet_.condition(c_, text_, times);
    const Shape shape = unet_.deep_shape(latent_.tensor.shape);
    const Layout layout = backend.layout(shape, {Consumer::any, precision});
    cond.deep.kept = backend.allocate(shape, layout.tensor.dtype);
    one_ = put({1}, {1, 1, 1, 1});
    cond.deep.one = one_;
  }

  // Call 0 sees one latent, call 1 another.
  std::vector<float> run(const std::string& key, int call) {
    std::vector<float> result;
    ws_.run(key, [&] {
      const Activation out = unet_(c_, call == 0 ? latent_ : other_, cond, call);
      if (ws_.measuring()) return;
      result.resize(out->shape.count());
      c_.backend.read(result.data(), out);
    });
    return result;
  }

  Conditioning cond;

 private:
  PersistentTensor put(const std::vector<float>& rows, Shape shape) {
    PersistentTensor stored = c_.backend.allocate(shape, DType::f32);
    c_.backend.write(stored, rows.data());
    return stored;
  }

  Golden golden_;
  SeededCheckpoint seeded_;
  Policy policy_;
  UNet unet_;
  Workspace ws_;
  Ctx c_;
  PersistentTensor text_, latent_, other_, one_;
};

void check_deep_features(Caller& caller) {
  const DeepFeatures deep = caller.cond.deep;
  caller.cond.deep = {};
  const auto plain = caller.run("plain", 0), plain_other = caller.run("plain", 1);
  caller.cond.deep = deep;
  CHECK((caller.run("keeps", 0) == plain));
  caller.cond.deep.taken = true;
  CHECK((caller.run("takes", 0) == plain));
  const auto mixed = caller.run("takes", 1);
  CHECK((mixed != plain));
  CHECK((mixed != plain_other));
  CHECK((caller.run("takes", 0) == plain));  // what was kept is as it was
  caller.cond.deep.taken = false;
  CHECK((caller.run("keeps", 1) == plain_other));
  caller.cond.deep.taken = true;
  CHECK((caller.run("takes", 1) == plain_other));
}

PaintRequest toy_request() {
  PaintRequest request;
  request.prompt = "a painting of a cat";
  request.seed = 7;
  request.spec.steps = 5;
  request.spec.sampler = "heun";
  return request;
}

std::vector<std::vector<uint8_t>> pictures(const PaintRequest& request, int threads = 1) {
  const auto backend = make_cpu_backend({.threads = threads});
  Pipeline pipeline({.model = golden_path("toy_painter")}, {backend.get()});
  std::vector<std::vector<uint8_t>> all;
  PaintEvents events;
  events.picture = [&](Painted&& painted) { all.push_back(std::move(painted.image.rgb)); };
  pipeline.paint(request, events);
  return all;
}

}  // namespace

TEST_CASE("deep_features: they are counted in calls, and each picture begins without") {
  CHECK(planned("ddim", 7, {.guided = true}) == "GGGGGGG");
  CHECK(planned("ddim", 7, {.guided = true, .cache = 3}) == "GggGggG");
  CHECK(planned("ddim", 7, {.cache = 3}) == "FffFffF");
  CHECK(planned("heun", 3, {.guided = true, .cache = 2}) == "GgGgG");  // two calls a step
  CHECK(planned("ddim", 8, {.guided = true, .cache = 3}, 0.5) == "GggG");
  CHECK(planned("ddim", 3, {.guided = true, .cache = 100}) == "Ggg");
}

TEST_CASE("deep_features: guidance within an interval") {
  // Timesteps 801, 601, 401, 201 and 1 of 0 to 999.
  CHECK(planned("ddim", 5, {.guided = true, .guided_in = {0.3, 0.7}}) == "FGGFF");
  CHECK(planned("ddim", 5, {.guided = true, .guided_in = {0, 0.5}}) == "GGFFF");
  CHECK(planned("ddim", 5, {.guided = true, .guided_in = {0.99, 1}}) == "FFFFG");
  CHECK(planned("ddim", 5, {.guided = false, .guided_in = {0, 0.5}}) == "FFFFF");
  // A guided call takes nothing from one without guidance; the other way round it may.
  CHECK(planned("ddim", 5, {.guided = true, .guided_in = {0.3, 0.7}, .cache = 5}) == "FGgff");
  CHECK(planned("ddim", 5, {.guided = true, .guided_in = {0.3, 0.7}, .cache = 2}) == "FGgFf");
  const Schedule schedule = make_schedule("euler", SchedulerConfig::stable_diffusion(), 5);
  const CallWish wish{.guided = true, .guided_in = {0.2, 0.8}, .cache = 2};
  CHECK(calls_text(schedule, plan_calls(schedule, wish)) ==
        "5 calls: 3 through all layers, 3 guided, at noise levels (sigma) 4.09 to 0.695");
  CHECK(calls_text(schedule, plan_calls(schedule, {.guided = true})).empty());
  CHECK(calls_text(schedule, plan_calls(schedule, {})).empty());
}

TEST_CASE("deep_features: a call that takes its own features has the bits of one that keeps them") {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(make_ref_backend());
  backends.push_back(make_cpu_backend({.threads = 2}));
  for (const char* name : {"tiny", "small", "sd15", "v2"}) {
    for (const auto& backend : backends) {
      for (const Precision precision : {Precision::f32, Precision::bf16}) {
        CAPTURE(name);
        CAPTURE(backend->isa());
        CAPTURE(precision_name(precision));
        Caller caller(std::string("unet_") + name, *backend, precision);
        check_deep_features(caller);
      }
    }
  }
}

TEST_CASE("deep_features: pictures of a painter") {
  PaintRequest request = toy_request();
  const auto plain = pictures(request);
  request.spec.guided_in = {0, 1};
  CHECK((pictures(request) == plain));
  request.spec.cache = 3;
  request.count = 2;
  const auto two = pictures(request);
  CHECK((two[0] != plain[0]));
  CHECK((pictures(request, 3) == two));
  request.count = 1;
  request.seed = 8;
  CHECK((pictures(request)[0] == two[1]));
}

TEST_CASE("deep_features: where no call is guided, the picture is that of guidance 1") {
  PaintRequest request = toy_request();
  request.spec.guided_in = {0.51, 0.52};
  const auto outside = pictures(request);
  request.spec.cache = 2;
  const auto outside_cached = pictures(request);
  request.spec.guided_in = {};
  request.spec.guidance = 1;
  CHECK((pictures(request) == outside_cached));
  request.spec.cache = 1;
  CHECK((pictures(request) == outside));
  request.spec.guided_in = {0.8, 0.2};
  CHECK_THROWS_AS(pictures(request), Error);
  request.spec.guided_in = {};
  request.spec.cache = 0;
  CHECK_THROWS_AS(pictures(request), Error);
}
