// The pipeline and the session as a program holds them: nothing loaded twice, events, previews,
// cancellation at every stage, errors that leave the object usable.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/pipeline.h"
#include "engine/pipeline/yent_session.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/decorate.h"
#include "kernels/error.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

std::unique_ptr<Backend> one_thread() { return make_cpu_backend({.threads = 1}); }

PipelineConfig toy() { return {.model = golden_path("toy_painter")}; }

PaintRequest small_request() {
  PaintRequest request;
  request.prompt = "a cat";
  request.spec.steps = 3;
  request.seed = 7;
  return request;
}

// Counts loads and the ops of each stage; cancels at the n-th op.
class Watcher : public Decorator {
 public:
  explicit Watcher(Backend& inner) : Decorator(inner) {}
  LinearWeight pack_linear(const LinearSource& s, Precision p) override {
    ++packed;
    return inner_.pack_linear(s, p);
  }
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override {
    if (!a.measuring() && w.name.starts_with("text_model")) ++text_norms;
    inner_.layer_norm(a, out, x, w);
  }
  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    if (++ops == cancel_at) token.cancel();
    inner_.linear(a, out, x, w, e);
  }

  int packed = 0, text_norms = 0, ops = 0, cancel_at = -1;
  CancelToken token;
};

Error::Kind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    INFO(std::string(error.what()));
    CHECK(std::string(error.what()).find("--") == std::string::npos);
    return error.kind();
  }
  FAIL("no error");
  return Error::run;
}

bool same(const Painted& a, const Painted& b) {
  return a.image.rgb == b.image.rgb && a.latent.values == b.latent.values;
}

}  // namespace

TEST_CASE("pipeline: a second picture loads nothing, and the same words are encoded once") {
  const auto backend = one_thread();
  Watcher watcher(*backend);
  Pipeline pipeline(toy(), {&watcher});
  const Painted first = pipeline.paint_one(small_request());
  const int packed = watcher.packed, norms = watcher.text_norms;
  CHECK(packed > 0);
  CHECK(norms > 0);
  const Painted second = pipeline.paint_one(small_request());
  CHECK(watcher.packed == packed);
  CHECK(watcher.text_norms == norms);
  CHECK(same(first, second));
  PaintRequest other = small_request();
  other.prompt = "a duck";
  const Painted third = pipeline.paint_one(other);
  CHECK(watcher.packed == packed);
  CHECK(watcher.text_norms == 2 * norms);
  CHECK_FALSE(same(first, third));
}

TEST_CASE("pipeline: one network at a time gives the same picture") {
  const auto backend = one_thread();
  PipelineConfig frugal = toy();
  frugal.keep_loaded = false;
  Pipeline pipeline(toy(), {backend.get()}), poor(std::move(frugal), {backend.get()});
  CHECK(same(pipeline.paint_one(small_request()), poor.paint_one(small_request())));
}

TEST_CASE("pipeline: pictures come in order, each as if alone") {
  const auto backend = one_thread(), second = one_thread();
  Pipeline pipeline(toy(), {backend.get(), second.get()});
  PaintRequest request = small_request();
  request.count = 3;
  std::vector<Painted> painted;
  pipeline.paint(request, {.picture = [&](Painted&& p) { painted.push_back(std::move(p)); }});
  REQUIRE(painted.size() == 3);
  for (int k = 0; k < 3; ++k) {
    CHECK(painted[k].index == k);
    PaintRequest alone = small_request();
    alone.seed += k;
    CHECK(painted[k].seed == alone.seed);
    CHECK(same(painted[k], pipeline.paint_one(alone)));
  }
}

TEST_CASE("pipeline: noise given is the seed's noise, and its latent is where it began") {
  const auto backend = one_thread();
  Pipeline pipeline(toy(), {backend.get()});
  const Painted first = pipeline.paint_one(small_request());
  PaintRequest again = small_request();
  again.seed = 99;
  again.noise.latents = {first.init};
  CHECK(same(first, pipeline.paint_one(again)));
}

TEST_CASE("pipeline: steps tell latents, and x0 meets the last latent where nothing is left") {
  for (const Sampler& row : sampler_table()) {
    const std::string sampler = row.name;
    CAPTURE(sampler);
    const auto backend = one_thread();
    Pipeline pipeline(toy(), {backend.get()});
    PaintRequest request = small_request();
    request.spec.sampler = sampler;
    request.spec.steps = 6;
    std::vector<Latent> latents, clean;
    int calls = 0;
    Painted result;
    pipeline.paint(request, {.step =
                                 [&](const StepEvent& step) {
                                   CHECK(step.call == calls++);
                                   latents.push_back(step.latent());
                                   clean.push_back(step.x0());
                                 },
                             .picture = [&](Painted&& p) { result = std::move(p); }});
    REQUIRE(!latents.empty());
    CHECK(latents.back().values == result.latent.values);
    for (const float x : clean.front().values) REQUIRE(std::isfinite(x));
    // The last step of these samplers ends at the clean picture that the model predicts.
    if (sampler == "euler" || sampler == "dpm++2m") {
      CHECK(relative_error(clean.back().values, result.latent.values) < 1e-5);
    }
    // Watching changes nothing.
    CHECK(same(pipeline.paint_one(request), result));
  }
}

TEST_CASE("pipeline: previews are small pictures, and change nothing") {
  const auto backend = one_thread();
  Pipeline pipeline(toy(), {backend.get()});
  PaintRequest request = small_request();
  request.spec.steps = 4;
  const Painted plain = pipeline.paint_one(request);
  std::vector<Image> previews;
  Painted watched;
  pipeline.paint(request,
                 {.preview = [&](const Image& image, int, int) { previews.push_back(image); },
                  .preview_every = 2,
                  .preview_side = 2,
                  .picture = [&](Painted&& p) { watched = std::move(p); }});
  CHECK(previews.size() == 2);
  for (const Image& image : previews) {
    CHECK(image.width <= 2 * pipeline.factor());
    CHECK(image.height <= 2 * pipeline.factor());
  }
  CHECK(same(plain, watched));
}

TEST_CASE("pipeline: whatever op it is cancelled at, it stops there and paints again later") {
  const auto backend = one_thread();
  Watcher watcher(*backend);
  Pipeline pipeline(toy(), {&watcher});
  PaintRequest request = small_request();
  request.picture = read_image(golden_path("toy_input.png"));
  const Painted whole = pipeline.paint_one(request);
  watcher.ops = 0;
  pipeline.paint_one(request);
  const int ops = watcher.ops;
  REQUIRE(ops > 20);
  for (int at = 1; at <= ops; at += std::max(1, ops / 40)) {
    CAPTURE(at);
    watcher.ops = 0;
    watcher.cancel_at = at;
    watcher.token.reset();
    bool cancelled = false;
    try {
      pipeline.paint_one(request, &watcher.token);
    } catch (const Error& error) {
      cancelled = error.kind() == Error::cancelled;
    }
    CHECK(cancelled == (at < ops));  // nothing comes after the last op
    CHECK(watcher.ops <= at + 1);
    watcher.cancel_at = -1;
    CHECK(same(pipeline.paint_one(request), whole));
  }
}

TEST_CASE("pipeline: another thread cancels the shipped model within 100 ms") {
  const std::filesystem::path model = in_tree("weights/default");
  const auto backend = one_thread();
  Pipeline pipeline({.model = model}, {backend.get()});
  PaintRequest request = small_request();
  request.spec.steps = 900;
  CancelToken token;
  std::atomic<bool> running = false;
  std::chrono::steady_clock::time_point asked;
  std::thread other([&] {
    while (!running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    asked = std::chrono::steady_clock::now();
    token.cancel();
  });
  const Error::Kind kind = kind_of([&] {
    pipeline.paint(request, {.step = [&](const StepEvent&) { running = true; }}, &token);
  });
  running = true;  // also if it failed at once
  const auto stopped = std::chrono::steady_clock::now();
  other.join();
  CHECK(kind == Error::cancelled);
  // The bound holds on an idle machine. Under a sanitizer or an emulator, only a hang fails.
  CHECK(std::chrono::duration<double>(stopped - asked).count() < 30);
  MESSAGE("stopped after " << std::chrono::duration<double, std::milli>(stopped - asked).count()
                           << " ms");
}

TEST_CASE("pipeline: sizes and wishes of a caller are errors, not aborts") {
  const auto backend = one_thread();
  Pipeline pipeline(toy(), {backend.get()});
  const auto refused = [&](auto change) {
    PaintRequest request = small_request();
    change(request);
    return kind_of([&] { pipeline.paint_one(request); }) == Error::usage;
  };
  CHECK(refused([](PaintRequest& r) { r.spec.width = 33; }));
  CHECK(refused([](PaintRequest& r) { r.spec.height = -8; }));
  CHECK(refused([](PaintRequest& r) { r.spec.width = 1 << 30; }));
  CHECK(refused([](PaintRequest& r) { r.spec.steps = 0; }));
  CHECK(refused([](PaintRequest& r) { r.spec.sampler = "magic"; }));
  CHECK(refused(
      [](PaintRequest& r) { r.spec.sampler = "ddim", r.spec.levels = NoiseLevels::karras; }));
  CHECK(refused([](PaintRequest& r) { r.noise.latents = {Latent{4, 1, 1, {1, 2, 3}}}; }));
  CHECK(refused([](PaintRequest& r) {
    r.picture = Image(16, 16);
    r.spec.strength = 0;
  }));
  CHECK(refused([](PaintRequest& r) {
    r.embeddings = TextEmbeddings{.cond = TextEmbeddings::Rows{{2, 3}, {1, 2, 3, 4, 5, 6}}};
  }));
  CHECK(kind_of([&] {
          PaintRequest many = small_request();
          many.count = 0;
          pipeline.paint(many, {});
        }) == Error::usage);
  CHECK_NOTHROW(pipeline.paint_one(small_request()));
}

TEST_CASE("session: words become reactions that are remembered, the same for the same seed") {
  const auto backend = one_thread();
  YentSession session({.voice = golden_path("toy_voice.gguf")}, *backend);
  std::string heard;
  const auto listen = [&](std::string_view piece) { heard += piece; };
  const Reaction first = session.react("draw me a cat", {.seed = 3}, {}, listen);
  CHECK(first.mood == "cat");
  CHECK(heard.starts_with(first.starter));
  const Reaction second = session.react("draw me a cat", {.seed = 3}, {});
  CHECK(second.prompt == first.prompt);
  REQUIRE(session.memory().size() == 2);
  CHECK(session.memory()[1].said == "draw me a cat");
  CHECK(session.memory()[1].reaction.words == second.words);
  CHECK(kind_of([&] { session.react("x", {.mood = "hungry"}, {}); }) == Error::usage);
  CancelToken token;
  token.cancel();
  CHECK(kind_of([&] { session.react("x", {}, {}, {}, nullptr, &token); }) == Error::cancelled);
  CHECK(session.memory().size() == 2);  // the failed turn is not remembered
  CHECK(session.react("draw me a cat", {.seed = 3}, {}).prompt == first.prompt);
  session.forget();
  CHECK(session.memory().empty());
  CHECK(request_for(first, small_request()).prompt == first.prompt);
}

TEST_CASE("session: a reaction fits what the painter reads") {
  const auto backend = one_thread();
  Pipeline pipeline(toy(), {backend.get()});
  YentSession session({.voice = golden_path("toy_voice.gguf")}, *backend);
  const PromptLimit limit = prompt_limit(pipeline);
  const PromptLimit alone = prompt_limit(golden_path("toy_painter"), {});
  CHECK(limit.capacity == alone.capacity);
  const Reaction reaction = session.react("hello there", {.seed = 1}, limit);
  CHECK(limit.count_tokens(reaction.prompt) == alone.count_tokens(reaction.prompt));
  CHECK((limit.count_tokens(reaction.prompt) <= limit.capacity || reaction.detail.empty()));
}
