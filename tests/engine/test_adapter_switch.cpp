// Adapters that change from request to request: the same bytes as a fresh load, in any order, and
// nothing is bound again that no adapter touches.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/decorate.h"
#include "kernels/error.h"
#include "tests/support/adapter_draft.h"
#include "tests/support/golden.h"

namespace yent::test {
namespace {

std::unique_ptr<Backend> one_thread() { return make_cpu_backend({.threads = 1}); }

std::vector<float> wave(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = 0.3f * std::sin(step * static_cast<float>(i + 1));
  return values;
}

// A new bias, a convolution, a norm and the text encoder's last norm.
void write_odd(const std::filesystem::path& path) {
  AdapterDraft draft;
  const std::string query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.";
  draft.add(query + "lora_A.weight", {1, 32}, wave(32, 1));
  draft.add(query + "lora_B.weight", {32, 1}, wave(32, 2));
  draft.add(query + "lora_B.bias", {32}, wave(32, 3));
  draft.add("lora_unet_down_blocks_1_resnets_0_conv1.diff", {32, 32, 3, 3}, wave(32 * 288, 0.7f));
  draft.add("lora_unet_down_blocks_1_resnets_0_norm1.w_norm", {32}, wave(32, 4));
  draft.add("lora_te_text_model_final_layer_norm.w_norm", {32}, wave(32, 5));
  write_safetensors(path, draft.tensors);
}

// Counts what is packed; cancels at the n-th.
class Watcher : public Decorator {
 public:
  using Decorator::Decorator;
  LinearWeight pack_linear(const LinearSource& s, Precision p) override {
    count();
    return inner_.pack_linear(s, p);
  }
  ConvWeight pack_conv3x3(const std::string& name, const HostTensor& w, const HostTensor& b,
                          Precision p, bool upsamples) override {
    count();
    return inner_.pack_conv3x3(name, w, b, p, upsamples);
  }

  int packed = 0, cancel_at = -1;
  CancelToken token;

 private:
  void count() {
    if (++packed == cancel_at) token.cancel();
  }
};

using Loras = std::vector<LoraFile>;

struct Files {
  TemporaryFolder folder;
  LoraFile style{golden_path("lora_style.safetensors")};
  LoraFile text{golden_path("lora_kohya.safetensors"), 0.7f};
  LoraFile odd{folder / "odd.safetensors", 0.9f};

  Files() { write_odd(odd.path); }
};

PipelineConfig toy(const char* policy = "* f32\n") {
  return {.model = golden_path("toy_painter"), .policy = Policy::parse(policy, "test")};
}

PaintRequest request_with(Loras loras) {
  PaintRequest request{.prompt = "a cat", .spec = {.steps = 2}, .seed = 7};
  request.loras = std::move(loras);
  return request;
}

// Everything that comes out of a request.
std::vector<uint8_t> painted(Pipeline& pipeline, const PaintRequest& request) {
  std::vector<uint8_t> bytes;
  pipeline.paint(request, {.picture = [&](Painted&& p) {
                   const auto* latent = reinterpret_cast<const uint8_t*>(p.latent.values.data());
                   bytes.insert(bytes.end(), latent,
                                latent + p.latent.values.size() * sizeof(float));
                   bytes.insert(bytes.end(), p.image.rgb.begin(), p.image.rgb.end());
                 }});
  return bytes;
}

std::vector<uint8_t> fresh(PipelineConfig config, const PaintRequest& request, Backend& backend) {
  for (const LoraFile& l : request.loras) config.loras.push_back(Lora::open(l.path, l.scale));
  PaintRequest plain = request;
  plain.loras = {};
  Pipeline pipeline(std::move(config), {&backend});
  return painted(pipeline, plain);
}

// Every way from one set to another, none twice in a row.
std::vector<Loras> walk(const Files& f) {
  const Loras none, a{f.style}, b{f.text}, both{f.style, f.text}, odd{f.odd};
  const Loras weaker{{f.style.path, 0.4f}}, all{f.odd, f.text, f.style};
  return {a, b, none, both, a, both, weaker, none, odd, a, odd, b, all, both, all, none, a};
}

}  // namespace

TEST_CASE("adapter switch: any way to a set of adapters gives a fresh load's bytes") {
  const Files files;
  const auto backend = one_thread();
  for (const char* policy :
       {"* f32\n", "* int8\n", "* bf16\n", "unet.* int8 bits=4 round=dither clip=99\n* f16\n"}) {
    CAPTURE(policy);
    Pipeline pipeline(toy(policy), {backend.get()});
    std::vector<std::vector<uint8_t>> seen;
    for (const Loras& loras : walk(files)) {
      const PaintRequest request = request_with(loras);
      seen.push_back(painted(pipeline, request));
      CHECK(seen.back() == fresh(toy(policy), request, *backend));
    }
    CHECK(seen[0] != seen[1]);
    CHECK(seen[1] != seen[2]);
    CHECK(seen[2] != seen[3]);
  }
}

TEST_CASE("adapter switch: with adapters of the pipeline's own, one network at a time") {
  const Files files;
  const auto backend = one_thread();
  for (const bool keep_loaded : {true, false}) {
    CAPTURE(keep_loaded);
    const auto config = [&] {
      PipelineConfig c = toy();
      c.keep_loaded = keep_loaded;
      c.loras = {Lora::open(files.text.path, 0.5f)};
      return c;
    };
    Pipeline pipeline(config(), {backend.get()});
    for (const Loras& loras : {Loras{files.style}, Loras{}, Loras{files.odd, files.text}}) {
      const PaintRequest request = request_with(loras);
      CHECK(painted(pipeline, request) == fresh(config(), request, *backend));
    }
  }
}

TEST_CASE("adapter switch: on several backends, and by the names in a prompt") {
  const Files files;
  const auto backend = one_thread(), second = one_thread();
  PipelineConfig config = toy();
  config.lora_dir = files.odd.path.parent_path();
  Pipeline pipeline(config, {backend.get(), second.get()});
  for (const Loras& loras : {Loras{files.odd}, Loras{files.style}, Loras{}}) {
    PaintRequest request = request_with(loras);
    request.count = 3;
    CHECK(painted(pipeline, request) == fresh(config, request, *backend));
  }
  PaintRequest tagged = request_with({files.style});
  tagged.grammar = Grammar::a1111;
  tagged.prompt = "a cat<lora:odd:0.9>";
  CHECK(painted(pipeline, tagged) == painted(pipeline, request_with({files.style, files.odd})));
}

TEST_CASE("adapter switch: only layers that an adapter touches are packed, each once") {
  const Files files;
  const auto backend = one_thread();
  Watcher watcher(*backend);
  std::vector<std::string> notes;
  PipelineConfig config = toy();
  config.messages.note = [&](const std::string& sentence) { notes.push_back(sentence); };
  Pipeline pipeline(config, {&watcher});
  const auto packed = [&](const Loras& loras) {
    watcher.packed = 0;
    notes.clear();
    painted(pipeline, request_with(loras));
    return watcher.packed;
  };
  const int whole = packed({}), odd = packed({files.odd});
  CHECK(odd == 2);  // to_qkv, which holds to_q, and conv1
  CHECK(notes.back().find("unet/diffusion_pytorch_model.safetensors: 3 of ") != std::string::npos);
  CHECK(packed({files.odd}) == 0);
  const int style = packed({files.odd, files.style});
  CHECK(style > odd);
  CHECK(style < whole);
  CHECK(packed({files.style}) == odd);
  CHECK(packed({files.style, files.odd}) == odd);
  CHECK(packed({}) <= style + odd);
}

TEST_CASE("adapter switch: whatever weight it is cancelled at, both sets paint later") {
  const Files files;
  const auto backend = one_thread();
  Watcher watcher(*backend);
  const PaintRequest before = request_with({files.text}), after = request_with({files.style});
  Pipeline pipeline(toy(), {&watcher});
  const std::vector<uint8_t> old_bytes = painted(pipeline, before);
  watcher.packed = 0;
  const std::vector<uint8_t> new_bytes = painted(pipeline, after);
  const int switched = watcher.packed;
  REQUIRE(switched > 10);
  for (int at = 1; at <= switched; at += 9) {
    CAPTURE(at);
    for (const bool goes_on : {false, true}) {
      painted(pipeline, before);
      watcher.packed = 0;
      watcher.cancel_at = at;
      watcher.token.reset();
      CHECK_THROWS_AS(pipeline.paint(after, {}, &watcher.token), Error);
      CHECK(watcher.packed == at);
      watcher.cancel_at = -1;
      CHECK(painted(pipeline, goes_on ? after : before) == (goes_on ? new_bytes : old_bytes));
    }
  }
}

TEST_CASE("adapter switch: a file that cannot be had changes nothing") {
  const Files files;
  const auto backend = one_thread();
  Watcher watcher(*backend);
  Pipeline pipeline(toy(), {&watcher});
  const std::vector<uint8_t> bytes = painted(pipeline, request_with({files.style}));
  AdapterDraft stranger, unread;
  stranger.add("unet.nowhere.lora_A.weight", {1, 4}).add("unet.nowhere.lora_B.weight", {4, 1});
  write_safetensors(files.folder / "stranger.safetensors", stranger.tensors);
  unread.add("lora_te_text_model_embeddings_position_embedding.diff_b", {77});
  write_safetensors(files.folder / "unread.safetensors", unread.tensors);
  for (const char* name : {"absent.safetensors", "stranger.safetensors", "unread.safetensors"}) {
    CAPTURE(name);
    const Loras bad{files.text, {files.folder / name}};
    CHECK_THROWS_AS(painted(pipeline, request_with(bad)), Error);
    CHECK_THROWS_AS(painted(pipeline, request_with(bad)), Error);
    watcher.packed = 0;
    CHECK(painted(pipeline, request_with({files.style})) == bytes);
    CHECK(watcher.packed == 0);
  }
}

}  // namespace yent::test
