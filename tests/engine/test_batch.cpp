// A batch on several backends gives the same bytes as on one. Also: which calls wait for the
// device.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "engine/diffusion/text2image.h"
#include "engine/pipeline/batch.h"
#include "engine/pipeline/language/language_model.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/decorate.h"
#include "kernels/error.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"
#include "tools/run.h"

using namespace yent;

namespace {

using Backends = std::vector<std::unique_ptr<Backend>>;

std::unique_ptr<Backend> one_thread() { return make_cpu_backend({.threads = 1}); }

Options five_pictures() {
  Options o;
  o.model = golden_path("toy_painter");
  o.prompt = "a cat";
  o.sampler = "euler-a";
  o.steps = 2;
  o.batch = 5;
  o.filter = "none";
  return o;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The files of a batch, in order.
std::vector<std::string> painted(const Backends& backends, Options o) {
  const test::TemporaryFolder folder;
  o.output = (folder / "a.png").string();
  o.ascii = (folder / "a.txt").string();
  Console console({.quiet = true});
  Run run{.options = o, .console = console, .backends = backends, .policy = Policy(), .seed = 5};
  paint(run);
  std::vector<std::string> files;
  for (const auto& path : run.report["output"].get<std::vector<std::string>>())
    files.push_back(text_of(path));
  for (const char* name : {"a.txt", "a_2.txt", "a_5.txt"}) {
    files.push_back(text_of(folder / name));
  }
  return files;
}

// Throws at the n-th forward.
class Broken : public Decorator {
 public:
  Broken(std::unique_ptr<Backend> inner, int good)
      : Decorator(*inner), owned_(std::move(inner)), good_(good) {}
  void replay(const std::string& key, const std::function<void()>& forward) override {
    if (good_-- == 0) throw run_error("the second device is broken");
    inner_.replay(key, forward);
  }

 private:
  std::unique_ptr<Backend> owned_;
  int good_;
};

// Records the calls that may make the host wait (w: write, r: read, !: wait, a: allocate) and the
// others.
class Listener : public Decorator {
 public:
  using Decorator::Decorator;
  PersistentTensor allocate(Shape shape, DType dtype) override {
    heard += 'a';
    return inner_.allocate(shape, dtype);
  }
  void linear_combination(Arena& a, Tensor out, std::span<const Tensor> terms, Tensor coefficients,
                          bool rectified) override {
    heard += 'm';
    inner_.linear_combination(a, out, terms, coefficients, rectified);
  }
  void replay(const std::string& key, const std::function<void()>& forward) override {
    inner_.replay(key, forward);
    heard += 'P';
  }
  void wait() override { heard += '!'; }
  void write(Tensor dst, const void* src) override {
    heard += 'w';
    inner_.write(dst, src);
  }
  void read(void* dst, Tensor src) override {
    heard += 'r';
    inner_.read(dst, src);
  }

  std::string heard;
};

}  // namespace

TEST_CASE("batch: over two or three backends, the bytes of one") {
  for (const bool picture : {false, true}) {
    Options o = five_pictures();
    if (picture) o.init_image = golden_path("toy_input.png");
    Backends backends;
    backends.push_back(one_thread());
    const std::vector<std::string> alone = painted(backends, o);
    REQUIRE(alone.size() == 8);
    CHECK(alone[0] != alone[1]);
    while (backends.size() < 3) {
      backends.push_back(one_thread());
      CAPTURE(backends.size());
      const bool same = painted(backends, o) == alone;
      CHECK(same);
    }
  }
}

TEST_CASE("batch: what is done first waits for its turn") {
  std::vector<size_t> shown;
  Batch batch;
  batch.run(3, [&](size_t worker) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * (2 - worker)));
    for (size_t k = worker; k < 9; k += 3) batch.in_turn(k, [&] { shown.push_back(k); });
  });
  CHECK(shown == std::vector<size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("batch: what one backend throws is thrown, and nobody waits for its pictures") {
  for (const int good : {0, 2, 5}) {
    CAPTURE(good);
    Backends backends;
    backends.push_back(one_thread());
    backends.push_back(std::make_unique<Broken>(one_thread(), good));
    CHECK_THROWS_WITH_AS(painted(backends, five_pictures()), "the second device is broken", Error);
  }
}

TEST_CASE("waits: none between the first call of a painter and its last") {
  const auto backend = one_thread();
  for (const std::string sampler : {"ddim", "euler-a", "ddpm"}) {
    CAPTURE(sampler);
    Listener listener(*backend);
    Text2Image painter(DiffusionCheckpoint::open(golden_path("toy_painter"), false), listener, {});
    const PaintSpec spec{.steps = 4, .sampler = sampler};
    const PersistentTensor text = painter.encode({"a cat"}, {}, spec);
    painter.denoise(text, spec, painter.size(spec), 5, {});
    const std::string calls = listener.heard.substr(listener.heard.rfind('a') + 1);
    CHECK(std::count(calls.begin(), calls.end(), 'P') == 4);
    CHECK(calls.find_first_not_of("mP") == calls.size() - 1);
    CHECK(calls.back() == 'r');
  }
}

TEST_CASE("waits: a token is one write, one forward and one read") {
  const auto backend = one_thread();
  Listener listener(*backend);
  LanguageModel voice(golden_path("toy_voice.gguf"), listener, Policy(), 0);
  std::mt19937_64 generator(1);
  listener.heard.clear();
  const auto got = voice.generate({.text = "hello", .max_tokens = 4}, generator,
                                  [](std::string_view) { return true; });
  REQUIRE(got.generated.size() == 4);
  CHECK(listener.heard == "wPrwPrwPrwPr");
}
