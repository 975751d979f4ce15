// yent-run from outside: the behaviour that people and scripts rely on. Every case runs the built
// program on the toy models.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "kernels/memory.h"
#include "loaders/io/json.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

TEST_CASE("cli: a wrong command line is 2") {
  if (Program::absent()) return;
  const Program program;
  for (const Args& args : std::vector<Args>{
           {},
           {"-p", "x", "words"},
           {"-p", "x", "-o", "-", "--json"},
           {"-p", "x", "-o", "-", "-b", "2"},
           {"-p", "x", "-o", ""},
           {"-p", "x", "--steps", "0"},
           {"-p", "x", "--steps", "two"},
           {"-p", "x", "-W", "33"},
           {"-p", "x", "-H", "-2"},
           {"-p", "x", "--threads", "0"},
           {"-p", "x", "--isa", "mmx"},
           {"-p", "x", "--device", "gpu"},
           {"-p", "x", "--sampler", "magic"},
           {"-p", "x", "--sampler", "ddim", "--scheduler", "karras"},
           {"-p", "x", "--sampler", "Euler Karras", "--scheduler", "beta"},
           {"-p", "x", "--scheduler", "magic"},
           {"-p", "x", "--prediction", "x0"},
           {"-p", "x", "--precision", "q4"},
           {"-p", "x", "--seed", "18446744073709551616"},
           {"-p", "x", "--cfg-scale", "nan"},
           {"-p", "x", "--cache", "0"},
           {"-p", "x", "--cfg-interval", "0.2"},
           {"-p", "x", "--cfg-interval", "0.8:0.2"},
           {"-p", "x", "--cfg-interval", "0:1.5"},
           {"-p", "x", "--cfg-interval", ":"},
           {"-p", "x", "--charset", ""},
           {"-p", "x", "--mood", "hungry"},
           {"-p", "x", "--strength", "0.5"},
           {"-p", "x", "--mask", kGolden + "toy_mask.png"},
           {"-p", "x", "--dump-layers", "*"},
           {"-p", "x", "--lora", "style:much"},
           {"-p", "x", "--vae", ""},
           {"-p", "x", "--variant", ""},
           {"-p", "x", "-m", kGolden + "sd2_single.safetensors", "--variant", "fp16"},
           {"-p", "x", "--unknown"},
           {"-p", "x", "--filter", "mix"},
           {"-p", "x", "--blend", "grain=3"},
           {"-p", "x", "--filter", "blend", "--blend", "grain"},
           {"-p", "x", "--filter", "blend", "--blend", "noise=3"},
           {"-p", "x", "--glyphs", "tone"},
           {"--cond", "c", "--glyphs", "attention"},
           {"--prompt-only"},
           {"--complete", "x", "words"},
       }) {
    check_refused(program, args, 2);
  }
}

TEST_CASE("cli: a file that is missing, malformed or does not fit is 3") {
  if (Program::absent()) return;
  const Program program;
  put(program.here / "junk", "not what was expected");
  const std::vector<float> narrow(77 * 8);
  const auto* data = reinterpret_cast<const std::byte*>(narrow.data());
  const size_t bytes = narrow.size() * sizeof(float);
  write_safetensors(program.here / "narrow",
                    std::vector<HostTensor>{{"cond", DType::f32, {77, 8}, data, bytes},
                                            {"uncond", DType::f32, {77, 8}, data, bytes},
                                            {"latent", DType::f32, {1, 77, 8, 1}, data, bytes}});
  for (const char* flag : {"-m", "--cond", "--init-latent", "--lora", "--tokenizer", "--policy",
                           "--init-img", "--vae"}) {
    for (const char* file : {"./missing", "./junk"})
      check_refused(program, {"-p", "x", flag, file}, 3);
  }
  for (const char* file : {"missing", "junk"}) {
    check_refused(program, {"words", "--llm", file}, 3);
    check_refused(program, {"--complete", "x", "--llm", file}, 3);
    check_refused(program, {"-p", "x", "-i", kGolden + "toy_input.png", "--mask", file}, 3);
  }
  check_refused(program, {"--complete", "x", "--llm", kGolden + "gguf_split-00002-of-00003.gguf"},
                3);
  check_refused(program, {"-p", "x", "--variant", "bf16"}, 3);
  check_refused(program, {"-p", "x", "--cond", "narrow"}, 3);
  check_refused(program, {"-p", "x", "--init-latent", "narrow"}, 3);
}

TEST_CASE("cli: a run that fails is 1") {
  if (Program::absent()) return;
  const Program program;
  check_refused(program, {"-p", "x", "--device", "cuda:999"}, 1);
  const int foreign[] = {program.paint({"-p", "x", "--isa", "avx2", "-o", "a.png"}).code,
                         program.paint({"-p", "x", "--isa", "neon", "-o", "a.png"}).code};
  CHECK(*std::max_element(foreign, foreign + 2) == 1);
  for (const char* flag : {"-o", "--ascii", "--dump"}) {
    check_refused(program, {"-p", "x", flag, "no/such/folder/file.png"}, 1);
    check_refused(program, {"-p", "x", flag, "."}, 1);
  }
  check_refused(program, {"--complete", "x", "--llm", kGolden + "toy_voice.gguf", "--dump", "."},
                1);
}

TEST_CASE("cli: a picture too large for the memory is refused before work") {
  if (Program::absent()) return;
  if (available_memory() > size_t{60} << 30) {
    MESSAGE("skipped: this machine has the memory");
    return;
  }
  const Program program;
  const Args large{"-p", "x", "-W", "16384", "-H", "16384", "--precision", "f32"};
  check_refused(program, large, 1);
  const std::string err = program.paint(large).err;
  CHECK(err.find("needs at least 72746008576 bytes") != std::string::npos);
  CHECK(err.find("are available") != std::string::npos);
}

TEST_CASE("cli: a painter that lacks a part is 3 and the part is named") {
  if (Program::absent()) return;
  for (const std::string part : {"unet", "vae", "text_encoder", "tokenizer"}) {
    const Program program;
    fs::remove_all(fs::path(painter_copy(program)) / part);
    const Outcome o = program.paint({"-p", "x", "-m", "painter"});
    CHECK(o.code == 3);
    CHECK_MESSAGE(o.err.find("painter/" + part) != std::string::npos, o.err);
  }
  const Program program;
  const std::string painter = painter_copy(program);
  fs::remove(painter + "/vae/diffusion_pytorch_model.safetensors");
  const Outcome o = program.paint({"-p", "x", "-m", painter, "--timings"});
  CHECK(o.code == 3);
  CHECK(o.err.find("painter/vae: no weights") != std::string::npos);
}

TEST_CASE("cli: --json is one object with every key") {
  if (Program::absent()) return;
  const Program program;
  const Args keys{"said",   "words",     "starter",     "detail",     "suffix",    "style",
                  "prompt", "mood",      "temperature", "dissonance", "boredom",   "artist",
                  "roast",  "seed",      "steps",       "width",      "height",    "device",
                  "isa",    "precision", "threads",     "output",     "timings_ms"};
  const Args json{"--json", "-o", "a.png"};
  const Outcome spoken = program.paint(
      Args{"who", "are you", "--mood", "angry", "--explain", "--llm", kGolden + "toy_voice.gguf"} +
      json);
  REQUIRE(spoken.code == 0);
  CHECK(keys_of(spoken.out) == keys);
  Json report = parse_json(spoken.out, "report");
  CHECK(report["said"] == "who are you");
  CHECK(report["mood"] == "angry");
  CHECK(report["seed"] == 5);
  CHECK(report["width"] == 32);
  CHECK(report["timings_ms"].contains("unet_step"));
  const Outcome painted = program.paint(Args{"-p", "\xff", "-s", "18446744073709551615"} + json);
  REQUIRE(painted.code == 0);
  CHECK(keys_of(painted.out) == keys);
  report = parse_json(painted.out, "report");
  CHECK(report["said"].is_null());
  CHECK(report["seed"] == 18446744073709551615u);
}

TEST_CASE("cli: no seed or a negative one is random and told") {
  if (Program::absent()) return;
  const Program program;
  const Outcome a = program.paint({"-p", "x", "-s", "-1", "--json"});
  const Outcome b = program.paint({"-p", "x", "--seed", "-1", "--json"});
  const auto seed = parse_json(a.out, "report")["seed"];
  CHECK(seed != parse_json(b.out, "report")["seed"]);
  CHECK(a.err.find("seed " + seed.dump() + "\n") != std::string::npos);
}

TEST_CASE("cli: what goes to standard output and what to standard error") {
  if (Program::absent()) return;
  const Program program;
  Outcome o = program.paint({"-p", "x", "--columns", "10", "--ascii", "a.txt", "-t", "1"});
  CHECK(o.out == program.read("a.txt"));  // no escapes into a file
  CHECK(o.out.find('\n') >= 10);
  CHECK(o.err == "yent-0001.png\n");
  o = program.paint({"-p", "x", "-q"});
  CHECK(o.out + o.err == "");
  o = program.paint({"-p", "x", "--raw"});
  CHECK(o.out.empty());
  o = program.paint({"-p", "x", "--charset", "@@", "--no-color", "--columns", "3"});
  CHECK(o.out.starts_with("@@@\n"));
  o = program.paint({"-p", "a \"quoted\" cat", "-o", "-"});
  CHECK(o.out.starts_with("\x89PNG"));
  CHECK(o.out.find("parameters") != std::string::npos);
  CHECK(
      o.out.find("a \"quoted\" cat\nNegative prompt: extra fingers, blurry, watermark\nSteps: 1") !=
      std::string::npos);
  CHECK(o.err.find('\n') != std::string::npos);
  o = program.paint({"-p", "x", "--timings", "-o", "a.png"});
  CHECK(o.err.find("unet_step") != std::string::npos);
}

TEST_CASE("cli: without -o a picture gets the next free number") {
  if (Program::absent()) return;
  const Program program;
  put(program.here / "yent-0003.png", "mine");
  put(program.here / "yent-1000.jpg", "mine");
  const Outcome o = program.paint({"-p", "x", "--raw", "-b", "2", "--json"});
  CHECK(parse_json(o.out, "report")["output"].dump() == R"(["yent-0004.png","yent-0005.png"])");
  CHECK(o.err == "yent-0004.png\nyent-0005.png\n");
  CHECK(program.read("yent-0003.png") == "mine");
  // The name is the last line, behind the seed.
  const Outcome random = program.run({"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter",
                                      "--steps", "1", "-p", "x", "--raw"});
  CHECK(random.err.starts_with("seed "));
  CHECK(random.err.ends_with("\nyent-0006.png\n"));
}

TEST_CASE("cli: of several programs at once each has its own pictures") {
  if (Program::absent()) return;
  Program program;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(program.start({"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter",
                                      "--steps", "1", "-p", "x", "--raw", "-q", "-b", "8"}));
  }
  for (pid_t child : children) CHECK(program.finish(child).code == 0);
  CHECK(program.files().size() == 32);
  for (const std::string& file : program.files()) {
    CHECK(program.read(file).starts_with("\x89PNG"));
    CHECK(program.read(file).ends_with("IEND\xAE\x42\x60\x82"));
  }
}

TEST_CASE("cli: a prompt is literal, may be empty, and what is cut is named") {
  if (Program::absent()) return;
  const Program program;
  const auto tokens = [&](const std::string& prompt) {
    REQUIRE(program.paint({"-p", prompt, "--dump", "d", "-q"}).code == 0);
    return bytes_of(program.dump("d"), "tokens");
  };
  CHECK(tokens("") != tokens("(cat:1.5)"));
  CHECK(tokens("(cat:1.5)") != tokens("cat"));
  std::string words;
  for (int i = 0; i < 100; ++i) words += "a ";
  const Outcome o = program.paint({"-p", words + "zebra"});
  CHECK(o.code == 0);
  CHECK(o.err.find("the prompt is cut to 75 tokens; lost: ") != std::string::npos);
  CHECK(o.err.find("zebra\n") != std::string::npos);
}

TEST_CASE("cli: of a flag given twice the last one counts") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o = program.paint({"-p", "x", "--steps", "7", "--steps", "2", "--json"});
  REQUIRE(o.code == 0);
  CHECK(parse_json(o.out, "report")["steps"] == 2);
}

TEST_CASE("cli: --prompt-only wants no weights of the painter") {
  if (Program::absent()) return;
  const Program program;
  const std::string painter = painter_copy(program);
  const Args args{"hello", "--llm", kGolden + "toy_voice.gguf", "-m", painter, "--prompt-only"};
  const Outcome whole = program.paint(args);
  REQUIRE(whole.code == 0);
  CHECK(whole.out.size() > 1);
  CHECK_FALSE(program.has("yent-0001.png"));
  for (const char* part : {"/unet", "/vae", "/text_encoder/model.safetensors"}) {
    fs::remove_all(painter + part);
  }
  CHECK(program.paint(args).out == whole.out);
}

TEST_CASE("cli: a completion and its dump") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o =
      program.complete({"--complete", "hello", "--tokens", "5", "--dump", "d", "--json"});
  REQUIRE(o.code == 0);
  const Json report = parse_json(o.out, "report");
  for (const char* key : {"text", "tokens", "tokens_per_s", "seed"}) CHECK(report.contains(key));
  const TensorSet set = program.dump("d");
  CHECK(names_of(set) == Args{"generated", "logits", "tokens"});
  const HostTensor &tokens = *set.find("tokens"), &generated = *set.find("generated");
  CHECK(tokens.dtype == DType::i32);
  CHECK(generated.dtype == DType::i32);
  CHECK(generated.count() == report["tokens"]);
  const HostTensor& logits = *set.find("logits");
  CHECK(logits.dtype == DType::f32);
  CHECK(logits.dims.at(0) == tokens.count() + generated.count() - 1);

  // Greedy: each row's largest logit is the token that follows.
  std::vector<float> values(logits.count());
  std::vector<int32_t> ids(generated.count());
  std::memcpy(values.data(), logits.data, logits.bytes);
  std::memcpy(ids.data(), generated.data, generated.bytes);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto row = values.begin() + (tokens.count() - 1 + i) * logits.dims[1];
    CHECK(std::max_element(row, row + logits.dims[1]) - row == ids[i]);
  }
  CHECK(program.complete({"--complete", "hello", "-c", "3"}).code == 1);
}

TEST_CASE("cli: an interrupt is 130 and leaves nothing behind") {
  if (Program::absent()) return;
  const Program program;
  const pid_t child =
      program.start({"-m", kGolden + "toy_painter", "--llm", kGolden + "toy_voice.gguf", "hello",
                     "-W", "512", "-H", "512", "--steps", "900", "--dump", "d", "--device", "cpu"});
  for (int i = 0; i < 1000 && program.read("out").empty(); ++i) {  // until Yent has spoken
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(child, SIGINT);
  CHECK(program.finish(child).code == 130);
  for (const auto& entry : fs::directory_iterator(program.here)) {
    const std::string name = entry.path().filename().string();
    CHECK_MESSAGE((name == "out" || name == "err"), name);
  }
}

}  // namespace
}  // namespace yent::test
