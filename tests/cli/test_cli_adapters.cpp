// Adapters from outside: whole pictures of the toy painter, whose bytes are compared.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "loaders/checkpoint/ldm.h"
#include "loaders/checkpoint/lora.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/io/json.h"
#include "tests/support/adapter_draft.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

const char* const kPrecisions[] = {"f32", "int8"};

// The text embeddings and the latent of a run, and its complaints.
struct Painted {
  std::string bytes, err;
};

Painted painted(const Program& program, const char* precision, const Args& args) {
  const Outcome run =
      program.paint(Args{"-p", "a cat", "-v", "--precision", precision, "--dump", "d"} + args);
  CAPTURE(run.err);
  REQUIRE(run.code == 0);
  const TensorSet dump = program.dump("d");
  return {bytes_of(dump, "cond") + bytes_of(dump, "latent"), run.err};
}

void save(const Program& program, const AdapterDraft& draft, const std::string& name) {
  write_safetensors(program.here / name, draft.tensors);
}

// Pairs of the module's path ("unet....") and the two factors: the UNet's of lora_style, the text
// encoder's of lora_kohya, whose alpha of 1.5 for rank 3 is multiplied into `up`.
struct Pair {
  std::vector<int64_t> down_dims, up_dims;
  std::vector<float> down, up;
};

std::map<std::string, Pair> golden_pairs() {
  std::map<std::string, Pair> pairs;
  const auto add = [&](const HostTensor& t, const std::string& path, bool down, float factor) {
    Pair& pair = pairs[path];
    (down ? pair.down_dims : pair.up_dims) = t.dims;
    std::vector<float>& values = down ? pair.down : pair.up;
    values = floats_of(t);
    for (float& value : values) value *= factor;
  };
  const TensorSet style = read_safetensors(kGolden + "lora_style.safetensors");
  for (const HostTensor& t : style.tensors) {
    const size_t suffix = t.name.find(".lora_");
    add(t, "unet." + t.name.substr(0, suffix), t.name.ends_with(".lora_A.weight"), 1);
  }
  const TensorSet kohya = read_safetensors(kGolden + "lora_kohya.safetensors");
  for (const char* layer : {"0", "1"}) {
    for (const char* module : {"self_attn.q_proj", "mlp.fc2"}) {
      const std::string path = fmt::format("text_model.encoder.layers.{}.{}", layer, module);
      std::string flat = "lora_te_" + path;
      std::ranges::replace(flat, '.', '_');
      for (const bool down : {true, false}) {
        const HostTensor* t = kohya.find(flat + (down ? ".lora_down.weight" : ".lora_up.weight"));
        REQUIRE(t);
        add(*t, "text_encoder." + path, down, down ? 1 : 0.5f);
      }
    }
  }
  return pairs;
}

// How a spelling calls a module of the UNet, by path and by LDM name, and one of the text encoder.
struct Spelling {
  const char* name;
  std::string unet, text;  // prefixes
  bool ldm = false, flat = false, bare_text = false;
  const char* down = ".lora_A.weight";
  const char* up = ".lora_B.weight";
};

std::vector<Spelling> spellings() {
  const char *down = ".lora_down.weight", *up = ".lora_up.weight";
  return {
      {"unet. twice", "unet.unet.", "text_encoder."},
      {"bare", "", ""},
      {"PEFT alone", "base_model.model.", "base_model.model."},
      {"compiled", "unet._orig_mod.", "text_encoder._orig_mod."},
      {"distributed", "module.", "module.text_encoder."},
      {"named", "unet.", "text_encoder.", false, false, false, ".lora_A.style.weight",
       ".lora_B.style.weight"},
      {"ComfyUI", "diffusion_model.", "text_encoders.clip_l.transformer.", true},
      {"LDM", "model.diffusion_model.", "cond_stage_model.transformer.", true, false, false, down,
       up},
      {"BK-SDM", "base_model.model.", "text_encoder_base_model.model."},
      {"transformers 5", "unet.", "text_encoder.", false, false, true, ".lora.down.weight",
       ".lora.up.weight"},
      {"kohya", "lora_unet_", "lora_te_", false, true, false, down, up},
      {"OneTrainer", "lora_unet_", "lora_te1_", false, true, false, down, up},
      {"kohya and LDM", "lora_unet_", "lora_te_", true, true, false, down, up},
      {"LyCORIS", "lycoris_", "lycoris_", false, true, false, down, up},
  };
}

AdapterDraft spelled(const Spelling& s, const std::map<std::string, Pair>& pairs) {
  std::vector<std::string> modules;
  for (const auto& [path, pair] : pairs) {
    if (path.starts_with("unet.")) modules.push_back(path.substr(5));
  }
  // Blocks are counted by resnets, of which the adapter has none: the toy painter has one each.
  modules.push_back("down_blocks.0.resnets.0.conv1");
  const LdmUnetName ldm = ldm_unet_name(modules);
  AdapterDraft draft;
  for (const auto& [path, pair] : pairs) {
    std::string_view module = path;
    std::string name;
    if (take_prefix(module, "unet.")) {
      name = s.ldm ? ldm(module).value() : std::string(module);
    } else {
      take_prefix(module, "text_encoder.");
      if (s.bare_text) take_prefix(module, "text_model.");
      name = std::string(module);
    }
    if (s.flat) std::ranges::replace(name, '.', '_');
    name = (path.starts_with("unet.") ? s.unet : s.text) + name;
    draft.add(name + s.down, pair.down_dims, pair.down);
    draft.add(name + s.up, pair.up_dims, pair.up);
  }
  return draft;
}

// Values in [-size, size] that are the same in every run.
std::vector<float> wave(int64_t count, float size, float step) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = size * std::sin(step * static_cast<float>(i + 1));
  }
  return values;
}

using Names = std::vector<std::pair<std::string, std::vector<int64_t>>>;

AdapterDraft draft_of(const Names& names) {
  AdapterDraft draft;
  float step = 0.7f;
  for (const auto& [name, dims] : names) {
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    draft.add(name, dims, wave(count, dims.size() == 4 ? 0.1f : 0.4f, step += 0.61f));
  }
  return draft;
}

const std::pair<std::string, std::string> kFiles[] = {
    {"unet.", "unet/diffusion_pytorch_model.safetensors"},
    {"text_encoder.", "text_encoder/model.safetensors"}};

std::vector<LoraTarget> toy_targets() {
  std::vector<LoraTarget> targets;
  for (const auto& [part, file] : kFiles) {
    const TensorSet set = read_safetensors(kGolden + "toy_painter/" + file);
    for (const HostTensor& t : set.tensors) {
      if (!t.name.ends_with(".weight")) continue;
      targets.push_back({part + t.name.substr(0, t.name.size() - 7), t.dims});
    }
  }
  return targets;
}

// A copy of the toy painter with changed weights in its files.
std::string merged_painter(const Program& program, const Lora& lora) {
  const fs::path painter = painter_copy(program);
  const LoraMatch match = lora.match(toy_targets());
  for (const auto& [part, file] : kFiles) {
    const TensorSet set = read_safetensors(painter / file);
    AdapterDraft merged;
    for (const HostTensor& t : set.tensors) {
      std::vector<float> values = floats_of(t);
      if (const auto at = match.changes.find(part + t.name); at != match.changes.end()) {
        apply_changes({&at->second, 1}, values.data(), t.dims[0], t.count() / t.dims[0]);
      }
      merged.add(t.name, t.dims, values);
    }
    write_safetensors(painter / file, merged.tensors);
  }
  return painter.string();
}

const char* const kConv = "lora_unet_down_blocks_1_resnets_0_conv1";
const char* const kOut = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0";

}  // namespace

TEST_CASE("cli adapters: the same bytes in every spelling") {
  if (Program::absent()) return;
  const Program program;
  const auto pairs = golden_pairs();
  save(program, spelled({"", "unet.", "text_encoder."}, pairs), "l");
  for (const char* precision : kPrecisions) {
    const std::string plain = painted(program, precision, {}).bytes;
    save(program, spelled({"", "unet.", "text_encoder."}, pairs), "l");
    const std::string expected = painted(program, precision, {"--lora", "l"}).bytes;
    CHECK(expected != plain);
    for (const Spelling& spelling : spellings()) {
      CAPTURE(spelling.name);
      save(program, spelled(spelling, pairs), "l");
      const Painted found = painted(program, precision, {"--lora", "l"});
      CHECK(found.bytes == expected);
      CHECK(found.err.find("l changes 40 layers") != std::string::npos);
    }
  }
}

TEST_CASE("cli adapters: every kind paints what its merged weights paint") {
  if (Program::absent()) return;
  const std::string conv = kConv, out = kOut;
  const auto key = [](const std::string& module, const char* suffix) { return module + suffix; };
  const std::vector<Names> files = {
      {{key(out, ".lora_down.weight"), {2, 32}},
       {key(out, ".lora_up.weight"), {32, 2}},
       {key(out, ".lora_up.bias"), {32}}},
      {{key(out, ".lora_down.weight"), {2, 32}},
       {key(out, ".lora_up.weight"), {32, 2}},
       {key(out, ".dora_scale"), {32, 1}}},
      {{key(conv, ".lora_down.weight"), {2, 32, 1, 1}},
       {key(conv, ".lora_mid.weight"), {2, 2, 3, 3}},
       {key(conv, ".lora_up.weight"), {32, 2, 1, 1}},
       {key(conv, ".dora_scale"), {1, 32, 1, 1}}},
      {{key(conv, ".hada_w1_a"), {32, 2}},
       {key(conv, ".hada_w1_b"), {2, 288}},
       {key(conv, ".hada_w2_a"), {32, 2}},
       {key(conv, ".hada_w2_b"), {2, 288}},
       {key(out, ".hada_w1_a"), {32, 2}},
       {key(out, ".hada_w1_b"), {2, 32}},
       {key(out, ".hada_w2_a"), {32, 2}},
       {key(out, ".hada_w2_b"), {2, 32}}},
      {{key(conv, ".lokr_w1"), {4, 4}},
       {key(conv, ".lokr_w2_a"), {2, 8}},
       {key(conv, ".lokr_w2_b"), {2, 8}},
       {key(conv, ".lokr_t2"), {2, 2, 3, 3}},
       {key(out, ".lokr_w1"), {4, 4}},
       {key(out, ".lokr_w2"), {8, 8}}},
      {{key(conv, ".diff"), {32, 32, 3, 3}},
       {key(conv, ".diff_b"), {32}},
       {"lora_unet_down_blocks_1_resnets_0_norm1.w_norm", {32}},
       {"lora_unet_down_blocks_1_resnets_0_norm1.b_norm", {32}},
       {"lora_te_text_model_final_layer_norm.w_norm", {32}}},
      {{"base_model.model.conv_out.bias", {4}},
       {"base_model.model.down_blocks.0.attentions.0.norm.weight", {32}},
       {"base_model.model.text_model.embeddings.position_embedding.lora_embedding_A", {2, 77}},
       {"base_model.model.text_model.embeddings.position_embedding.lora_embedding_B", {32, 2}}},
  };
  for (const auto& file : files) {
    CAPTURE(file[0].first);
    const Program program;
    save(program, draft_of(file), "l");
    const std::string merged = merged_painter(program, Lora::open(program.here / "l", 0.8f));
    for (const char* precision : kPrecisions) {
      CAPTURE(precision);
      const std::string plain = painted(program, precision, {}).bytes;
      const std::string found = painted(program, precision, {"--lora", "l:0.8"}).bytes;
      CHECK(found != plain);
      CHECK(found == painted(program, precision, {"-m", merged}).bytes);
    }
  }
}

TEST_CASE("cli adapters: a bias for a layer that has none changes the picture") {
  if (Program::absent()) return;
  const Program program;
  AdapterDraft draft;
  const std::string query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.";
  draft.add(query + "lora_A.weight", {1, 32}, wave(32, 0.3f, 1));
  draft.add(query + "lora_B.weight", {32, 1}, wave(32, 0.3f, 2));
  save(program, draft, "l");
  draft.add(query + "lora_B.bias", {32}, wave(32, 1, 3));
  save(program, draft, "biased");
  for (const char* precision : kPrecisions) {
    CHECK(painted(program, precision, {"--lora", "l"}).bytes !=
          painted(program, precision, {"--lora", "biased"}).bytes);
  }
}

TEST_CASE("cli adapters: what is not understood is exit 3 and nothing is painted") {
  if (Program::absent()) return;
  const Program program;
  const AdapterDraft good = spelled({"", "unet.", "text_encoder."}, golden_pairs());
  for (const char* stray :
       {"unet.down_blocks.9.proj_in.lora_A.weight", "what", "unet.conv_in.alpha",
        "unet.conv_in.ia3_l", "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight"}) {
    CAPTURE(stray);
    AdapterDraft draft = draft_of({{stray, {4}}});
    for (const HostTensor& t : good.tensors) draft.add(t.name, t.dims, floats_of(t));
    save(program, draft, "l");
    check_refused(program, {"-m", kGolden + "toy_painter", "-p", "x", "--lora", "l", "-o", "a.png"},
                  3);
    CHECK_FALSE(program.has("a.png"));
  }
}

TEST_CASE("cli adapters: a bias that no layer reads is refused before painting") {
  if (Program::absent()) return;
  const Program program;
  save(program, draft_of({{"lora_te_text_model_embeddings_position_embedding.diff_b", {77}}}), "l");
  const Args args{"-m", kGolden + "toy_painter", "-p", "x", "--lora", "l", "-o", "a.png"};
  check_refused(program, args, 3);
  CHECK(program.run(args).err.find("text_encoder does not read it") != std::string::npos);
  CHECK_FALSE(program.has("a.png"));
}

TEST_CASE("cli adapters: a text encoder's folder with an adapter alone says so") {
  if (Program::absent()) return;
  const Program program;
  const fs::path painter = painter_copy(program);
  fs::rename(painter / "text_encoder/model.safetensors",
             painter / "text_encoder/adapter_model.safetensors");
  const Args args{"-m", painter.string(), "-p", "x"};
  check_refused(program, args, 3);
  CHECK(program.run(args).err.find("text_encoder: only an adapter, expected model.safetensors") !=
        std::string::npos);
}

// tests/golden/embedded_adapters.json has the names that diffusers and transformers write.
TEST_CASE("cli adapters: a model saved with an adapter that was not fused") {
  if (Program::absent()) return;
  const Program program;
  const auto pairs = golden_pairs();
  save(program, spelled({"", "unet.", "text_encoder."}, pairs), "l");
  const fs::path painter = painter_copy(program);
  const Json names = read_json(kGolden + "embedded_adapters.json");
  for (const auto& [part, file] : kFiles) {
    const TensorSet plain = read_safetensors(kGolden + "toy_painter/" + file);
    AdapterDraft saved;
    std::map<std::string, std::string> wrapped;  // own names to names in the file
    for (const Json& entry : names[part.substr(0, part.size() - 1)]) {
      const std::string name = entry.get<std::string>();
      if (const size_t at = name.find(".base_layer"); at != std::string::npos) {
        wrapped[name.substr(0, at) + name.substr(at + 11)] = name;
        continue;
      }
      const size_t at = name.find(".lora_");
      const Pair& pair = pairs.at(part + name.substr(0, at));
      const bool down = name[at + 6] == 'A';
      saved.add(name, down ? pair.down_dims : pair.up_dims, down ? pair.down : pair.up);
    }
    for (const HostTensor& t : plain.tensors) {
      const auto at = wrapped.find(t.name);
      saved.add(at == wrapped.end() ? t.name : at->second, t.dims, floats_of(t));
    }
    write_safetensors(painter / file, saved.tensors);
  }
  for (const char* precision : kPrecisions) {
    const Painted own = painted(program, precision, {"-m", painter.string()});
    CHECK(own.bytes == painted(program, precision, {"--lora", "l"}).bytes);
    CHECK(own.err.find("holds an adapter that was not fused, without its alpha") !=
          std::string::npos);
    // An adapter on top adds up.
    CHECK(painted(program, precision, {"-m", painter.string(), "--lora", "l"}).bytes ==
          painted(program, precision, {"--lora", "l", "--lora", "l"}).bytes);
  }
}

TEST_CASE("cli: a folder stands for the adapter in it, and an index for its model's folder") {
  if (Program::absent()) return;
  const Program program;
  const std::string file = kGolden + "lora_style.safetensors";
  const Args request{"-p", "a cat", "-q", "--raw", "-o", "a.png", "--dump", "d"};
  REQUIRE(program.paint(request + Args{"--lora", file}).code == 0);
  const std::string latent = bytes_of(program.dump("d"), "latent");
  for (const char* name : {"pytorch_lora_weights.safetensors", "adapter_model.safetensors"}) {
    CAPTURE(name);
    const fs::path folder = program.here / (std::string("of ") + name);
    fs::create_directory(folder);
    const Args from_folder = request + Args{"--lora", folder.string()};
    const Outcome refused = program.paint(from_folder);
    CHECK(refused.code == 3);
    CHECK(refused.err.find("a folder without an adapter") != std::string::npos);
    fs::copy_file(file, folder / name);
    REQUIRE(program.paint(from_folder).code == 0);
    CHECK(bytes_of(program.dump("d"), "latent") == latent);
  }
  const Args by_index{"-m", kGolden + "toy_painter/model_index.json", "--lora", file};
  REQUIRE(
      program.run(by_index + request + Args{"--device", "cpu", "--steps", "3", "-s", "5"}).code ==
      0);
}

}  // namespace yent::test
