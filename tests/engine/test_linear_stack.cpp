// Layers that read one input and are computed side by side: each obeys its own rule.
#include <doctest/doctest.h>

#include <map>

#include "engine/core/nn.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/error.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

using Values = std::vector<float>;
constexpr int kIn = 48, kRows = 37;

// Three layers of different heights.
struct Layers {
  std::vector<WeightBinder::Row> rows{{"a", 24}, {"b", 40}, {"c", 8}};
  std::map<std::string, Values> values = {};
  std::map<std::string, HostTensor> tensors = {};

  Layers() {
    unsigned seed = 1;
    for (const WeightBinder::Row& row : rows) {
      const auto add = [&](const std::string& leaf, std::vector<int64_t> dims, size_t count) {
        const std::string name = row.name + leaf;
        tensors[name] = host(values[name] = normals(count, seed++), std::move(dims));
      };
      add(".weight", {row.out, kIn}, static_cast<size_t>(row.out) * kIn);
      add(".bias", {row.out}, row.out);
    }
  }

  WeightBinder binder(Backend& backend, const Policy& policy) const {
    Checkpoint c{.path = "made", .part = "part", .find = {}};
    c.find = [this](const std::string& name, std::span<const int64_t>) {
      return &tensors.at(name);
    };
    return {std::move(c), backend, policy};
  }

  // What a layer makes of the same input, {kRows, width}: a stack, or one of its layers.
  template <class Make>
  Values output(Backend& backend, const std::string& rules, int width, const Make& make) const {
    const Policy policy = Policy::parse(rules, "test");
    const auto layer = make(binder(backend, policy));
    const PersistentTensor x = backend.allocate({1, kRows, 1, kIn}, DType::f32);
    const PersistentTensor y = backend.allocate({1, kRows, 1, width}, DType::f32);
    backend.write(x, normals(size_t{kRows} * kIn, 9).data());
    Workspace ws(backend);
    Ctx c{backend, ws};
    ws.run("layer", [&] { layer.write_to(c, y, Tensor(x)); });
    Values out(y.tensor.shape.count());
    backend.read(out.data(), y);
    return out;
  }
  Values stack(Backend& backend, const std::string& rules) const {
    return output(backend, rules, 72,
                  [&](const WeightBinder& l) { return LinearStack(l, kIn, rows, Bias::yes); });
  }
  Values alone(Backend& backend, const std::string& rules, const WeightBinder::Row& row) const {
    return output(backend, rules, row.out,
                  [&](const WeightBinder& l) { return Linear(l / row.name, kIn, row.out); });
  }
};

Values columns(const Values& all, int first, int count) {
  Values some;
  for (size_t r = 0; r < kRows; ++r) {
    const auto at = all.begin() + static_cast<ptrdiff_t>(r * 72) + first;
    some.insert(some.end(), at, at + count);
  }
  return some;
}

// The latent and the picture of one step.
std::vector<float> painted_by(const std::string& rules) {
  const auto backend = make_cpu_backend({.threads = 2});
  PipelineConfig config{.model = golden_path("toy_painter")};
  config.policy = Policy::parse(rules, "test");
  Pipeline pipeline(config, {backend.get()});
  PaintRequest request;
  request.prompt = "a red cat";
  request.spec.steps = 1;
  std::vector<float> values;
  pipeline.paint(request, {.picture = [&](Painted&& painted) {
                   values = painted.latent.values;
                   values.insert(values.end(), painted.image.rgb.begin(), painted.image.rgb.end());
                 }});
  return values;
}

}  // namespace

TEST_CASE("stack: a rule for one layer acts on its columns alone, as it would without the others") {
  const Layers layers;
  const auto check = [&](Backend& backend) {
    const Values plain = layers.stack(backend, "* f32");
    for (const char* words :
         {"f32 on=output bits=2", "f32 on=output codebook=binary gain=0.5", "f32 on=input bits=3",
          "f32 on=input,output bits=4 clip=90 act=tensor", "f32 bits=2", "f32 gain=2 bits=8",
          "f32 on=output bits=3 round=stochastic", "int8", "int8 act=tensor bits=4"}) {
      int first = 0;
      for (const WeightBinder::Row& row : layers.rows) {
        CAPTURE(std::string(words));
        CAPTURE(row.name);
        const std::string rules = "part." + row.name + " " + words + "\n* f32";
        const Values all = layers.stack(backend, rules);
        int at = 0;
        for (const WeightBinder::Row& other : layers.rows) {
          const Values now = columns(all, at, other.out);
          CHECK((now == columns(plain, at, other.out)) == (at != first));
          if (at == first) CHECK(now == layers.alone(backend, rules, row));
          at += other.out;
        }
        first += row.out;
      }
    }
  };
  check(*make_ref_backend());
  on_every_isa(check);
}

TEST_CASE("stack: layers with one rule stay one product") {
  const Layers layers;
  const auto backend = make_ref_backend();
  const auto products = [&](const std::string& rules) {
    const Policy policy = Policy::parse(rules, "test");
    const WeightBinder l = layers.binder(*backend, policy);
    std::vector<int> heights;
    for (const LinearWeight& w : l.stacked(kIn, layers.rows, Bias::yes)) heights.push_back(w.out);
    CHECK(l.resolved().size() == 3);
    return heights;
  };
  CHECK(products("* int8 bits=4 act=tensor") == std::vector{72});
  CHECK(products("* f32 on=input,output bits=4") == std::vector{72});
  CHECK(products("part.b f32 bits=3\n* f32") == std::vector{72});  // a weight's own affair
  CHECK(products("part.c f32 on=output\n* f32") == std::vector{64, 8});
  CHECK(products("part.b int8\n* f32") == std::vector{24, 40, 8});
}

TEST_CASE("stack: the networks of a painter hear a rule for each layer") {
  const std::vector<float> plain = painted_by("* f32");
  for (const char* layer :
       {"unet.*.attn1.to_q", "unet.*.attn1.to_k", "unet.*.attn1.to_v", "unet.*.attn2.to_k",
        "unet.*.attn2.to_v", "unet.down_blocks.0.*.time_emb_proj",
        "unet.up_blocks.0.resnets.0.time_emb_proj", "vae.decoder.*.to_q", "vae.decoder.*.to_k",
        "vae.decoder.*.to_v", "text_encoder.*.q_proj", "text_encoder.*.k_proj",
        "text_encoder.*.v_proj"}) {
    CAPTURE(std::string(layer));
    CHECK(painted_by(fmt::format("{} f32 on=output bits=2\n* f32", layer)) != plain);
  }
}

TEST_CASE("pair: value and gate are one product, and no rule for one of them is passed over") {
  Layers layers;
  layers.tensors["gate.weight"] = layers.tensors.at("a.weight");
  const auto backend = make_ref_backend();
  const auto bind = [&](const std::string& rules) {
    const Policy policy = Policy::parse(rules, "test");
    return layers.binder(*backend, policy).paired(kIn, 24, "a", "gate");
  };
  CHECK(bind("* f32 on=output bits=3").grids);
  CHECK_FALSE(bind("part.gate f32 bits=3\n* f32").grids);
  for (const char* name : {"a", "gate"}) {
    CHECK_THROWS_WITH_AS(bind(fmt::format("part.{} f32 on=output bits=3\n* f32", name)),
                         "part.a and gate are one product, expected one rule for its input and "
                         "output",
                         Error);
  }
}
