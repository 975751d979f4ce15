// yent-run from outside: what a person and a script can rely on. Every case runs the built
// program on the toy models.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "kernels/memory.h"
#include "loaders/safetensors.h"
#include "tests/temporary_folder.h"

namespace yent {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using Args = std::vector<std::string>;

const std::string kGolden = std::string(YENT_SOURCE_DIR) + "/tests/golden/";

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Args operator+(Args a, const Args& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Outcome {
  int code = 0;
  std::string out, err;
};

// A folder to run in, and the program.
class Program {
 public:
  Program() : here(folder_.path()) {}

  static bool absent() {
    if (::access(YENT_RUN, X_OK) == 0 && Program().run({"--version"}).code == 0) return false;
    MESSAGE("skipped: " << YENT_RUN << " does not run here");
    return true;
  }

  pid_t start(Args args) const {
    args.insert(args.begin(), YENT_RUN);
    std::istringstream emulator(YENT_EMULATOR);
    args.insert(args.begin(), std::istream_iterator<std::string>(emulator), {});
    std::vector<char*> argv;
    for (std::string& arg : args) argv.push_back(arg.data());
    argv.push_back(nullptr);
    const std::string in = here.string(), out = (folder_ / "out").string(),
                      err = (folder_ / "err").string();
    const pid_t child = ::fork();
    if (child != 0) return child;
    const auto redirect = [](const std::string& path, int to) {
      ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), to);
    };
    redirect(out, 1);
    redirect(err, 2);
    if (::chdir(in.c_str()) == 0) ::execvp(argv[0], argv.data());
    ::_exit(127);
  }

  Outcome finish(pid_t child) const {
    int status = 0;
    ::waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    return {code, text_of(folder_ / "out"), text_of(folder_ / "err")};
  }

  Outcome run(const Args& args) const { return finish(start(args)); }

  // One step of the toy painter.
  Outcome paint(const Args& args) const {
    return run(Args{"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter", "--steps", "1",
                    "-s", "5"} +
               args);
  }

  Outcome complete(const Args& args) const {
    return run(
        Args{"--device", "cpu", "-t", "1", "--llm", kGolden + "toy_voice.gguf", "--temp", "0"} +
        args);
  }

  std::string read(const std::string& name) const { return text_of(here / name); }
  TensorSet dump(const std::string& name) const { return read_safetensors(here / name); }
  bool has(const std::string& name) const { return fs::exists(here / name); }

 private:
  TemporaryFolder folder_;

 public:
  const fs::path here;
};

// What fails says one sentence, on standard error alone.
void check_refused(const Program& program, const Args& args, int code) {
  const Outcome o = program.paint(args);
  std::string line;
  for (const std::string& arg : args) line += arg + " ";
  CAPTURE(line);
  CAPTURE(o.err);
  CHECK(o.code == code);
  CHECK(o.out.empty());
  CHECK(o.err.starts_with("yent-run: "));
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  CHECK_FALSE(program.has("yent.png"));
}

std::string bytes_of(const TensorSet& set, const std::string& name) {
  const HostTensor* t = set.find(name);
  REQUIRE_MESSAGE(t, name);
  return {reinterpret_cast<const char*>(t->data), t->bytes};
}

std::vector<std::string> names_of(const TensorSet& set) {
  std::vector<std::string> names;
  for (const HostTensor& t : set.tensors) names.push_back(t.name);
  std::sort(names.begin(), names.end());
  return names;
}

void check_tensor(const TensorSet& set, const std::string& name, DType dtype,
                  const std::vector<int64_t>& dims) {
  CAPTURE(name);
  const HostTensor* t = set.find(name);
  REQUIRE(t);
  CHECK(t->dtype == dtype);
  CHECK(t->dims == dims);
}

// A copy of the toy painter, to be damaged.
std::string painter_copy(const Program& program) {
  fs::copy(kGolden + "toy_painter", program.here / "painter", fs::copy_options::recursive);
  return (program.here / "painter").string();
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::vector<std::string> keys_of(const std::string& json) {
  std::vector<std::string> keys;
  const auto object = nlohmann::ordered_json::parse(json);
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

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
           {"-p", "x", "--precision", "q4"},
           {"-p", "x", "--seed", "18446744073709551616"},
           {"-p", "x", "--cfg-scale", "nan"},
           {"-p", "x", "--charset", ""},
           {"-p", "x", "--mood", "hungry"},
           {"-p", "x", "--strength", "0.5"},
           {"-p", "x", "--dump-layers", "*"},
           {"-p", "x", "--lora", "style:much"},
           {"-p", "x", "--unknown"},
           {"-p", "x", "--filter", "blend"},
           {"-p", "x", "--glyphs", "shape"},
           {"--dual", "x"},
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
  for (const char* flag :
       {"-m", "--cond", "--init-latent", "--lora", "--tokenizer", "--policy", "--init-img"}) {
    for (const char* file : {"./missing", "./junk"})
      check_refused(program, {"-p", "x", flag, file}, 3);
  }
  for (const char* file : {"missing", "junk"}) {
    check_refused(program, {"words", "--llm", file}, 3);
    check_refused(program, {"--complete", "x", "--llm", file}, 3);
  }
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
    check_refused(program, {"-p", "x", flag, "no/such/folder/file"}, 1);
    check_refused(program, {"-p", "x", flag, "."}, 1);
  }
  check_refused(program, {"--complete", "x", "--llm", kGolden + "toy_voice.gguf", "--dump", "."},
                1);
}

TEST_CASE("cli: a picture too large for the memory is refused before work") {
  if (Program::absent()) return;
  if (available_memory() > size_t{100} << 30) {
    MESSAGE("skipped: this machine has the memory");
    return;
  }
  const Program program;
  const Args large{"-p", "x", "-W", "16384", "-H", "16384"};
  check_refused(program, large, 1);
  const std::string err = program.paint(large).err;
  CHECK(err.find("needs at least 107105746944 bytes") != std::string::npos);
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

TEST_CASE("cli: a dump holds the stages by name") {
  if (Program::absent()) return;
  const Program program;
  const Args size{"-W", "34", "-H", "18", "--steps", "2", "--dump", "d", "-o", "a.png"};
  REQUIRE(program.paint(Args{"-p", "a cat", "--sampler", "ddim"} + size).code == 0);
  TensorSet set = program.dump("d");
  CHECK(names_of(set) == Args{"cond", "eps.0", "eps.1", "image", "latent", "latent.0", "latent.1",
                              "latent.init", "tokens", "tokens_uncond", "uncond"});
  for (const char* name : {"tokens", "tokens_uncond"}) check_tensor(set, name, DType::i32, {77});
  for (const char* name : {"cond", "uncond"}) check_tensor(set, name, DType::f32, {77, 32});
  for (const char* name : {"eps.0", "eps.1", "latent.init", "latent.0", "latent.1", "latent"}) {
    check_tensor(set, name, DType::f32, {1, 4, 9, 17});
  }
  check_tensor(set, "image", DType::f32, {1, 3, 18, 34});
  CHECK(bytes_of(set, "latent") == bytes_of(set, "latent.1"));
  std::vector<float> image(3 * 18 * 34);
  std::memcpy(image.data(), set.find("image")->data, image.size() * 4);
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  CHECK(*low >= -1);
  CHECK(*high <= 1);

  // PNDM makes one call more than it has steps; without guidance there is no negative prompt.
  REQUIRE(program.paint(Args{"-p", "a cat", "--sampler", "pndm", "--cfg-scale", "1"} + size).code ==
          0);
  set = program.dump("d");
  CHECK(set.find("eps.2"));
  CHECK_FALSE(set.find("eps.3"));
  CHECK_FALSE(set.find("uncond"));
  CHECK_FALSE(set.find("tokens_uncond"));

  // One pixel of latent in width is still an image.
  REQUIRE(program.paint({"-p", "x", "-W", "2", "-H", "18", "--dump", "d", "-q"}).code == 0);
  check_tensor(program.dump("d"), "eps.0", DType::f32, {1, 4, 9, 1});
}

TEST_CASE("cli: layers are dumped by path and call") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program
              .paint({"-p", "x", "--steps", "2", "--sampler", "ddim", "--dump", "d",
                      "--dump-layers", "*conv_in*", "-q"})
              .code == 0);
  const TensorSet set = program.dump("d");
  check_tensor(set, "unet.conv_in.0", DType::f32, {2, 32, 16, 16});
  check_tensor(set, "unet.conv_in.1", DType::f32, {2, 32, 16, 16});
  check_tensor(set, "vae.decoder.conv_in", DType::f32, {1, 32, 16, 16});
  REQUIRE(
      program.paint({"-p", "x", "--dump", "d", "--dump-layers", "text_encoder.*fc2", "-q"}).code ==
      0);
  check_tensor(program.dump("d"), "text_encoder.text_model.encoder.layers.0.mlp.fc2", DType::f32,
               {2, 77, 32});
}

TEST_CASE("cli: the same bytes, whatever the thread count") {
  if (Program::absent()) return;
  const Program program;
  const auto bytes = [&](const char* threads) {
    const Args same{"-p", "a cat", "--sampler", "euler-a", "--steps", "2", "-q"};
    REQUIRE(program.paint(same + Args{"-t", threads, "-o", "a.png", "--dump", "d"}).code == 0);
    return program.read("a.png") + program.read("d");
  };
  const std::string one = bytes("1");
  CHECK(bytes("1") == one);
  CHECK(bytes("2") == one);
  CHECK(bytes("3") == one);
}

TEST_CASE("cli: with --cond the text folders are not opened") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program.paint({"-p", "a cat", "--dump", "text", "-q"}).code == 0);
  const std::string painter = painter_copy(program);
  for (const char* file : {"text_encoder/config.json", "text_encoder/model.safetensors",
                           "tokenizer/vocab.json", "tokenizer/merges.txt"}) {
    put(painter + "/" + file, "junk");
  }
  const Args args{"-m", painter, "--cond", "text", "-q", "-o", "c.png"};
  REQUIRE(program.paint(args + Args{"--dump", "cond"}).code == 0);
  const TensorSet text = program.dump("text"), cond = program.dump("cond");
  CHECK_FALSE(cond.find("tokens"));
  for (const char* name : {"cond", "uncond", "eps.0", "image"}) {
    CHECK(bytes_of(text, name) == bytes_of(cond, name));
  }
  const std::string lora = kGolden + "lora_style.safetensors";
  CHECK(program.paint(args + Args{"--lora", lora, "--explain"}).code == 0);
  fs::remove_all(painter + "/text_encoder");
  fs::remove_all(painter + "/tokenizer");
  CHECK(program.paint(args).code == 0);
}

TEST_CASE("cli: --init-latent takes what latent.init says") {
  if (Program::absent()) return;
  const Program program;
  const Args euler{"-p", "x", "--sampler", "euler", "--steps", "2", "-q"};
  REQUIRE(program.paint(euler + Args{"--dump", "a"}).code == 0);
  const TensorSet a = program.dump("a");
  HostTensor start = *a.find("latent.init");
  start.name = "latent";
  write_safetensors(program.here / "start", std::span(&start, 1));
  REQUIRE(program.paint(euler + Args{"-s", "6", "--init-latent", "start", "--dump", "b"}).code ==
          0);
  const TensorSet b = program.dump("b");
  CHECK(bytes_of(a, "latent.init") == bytes_of(b, "latent.init"));
  CHECK(bytes_of(a, "latent") == bytes_of(b, "latent"));
  REQUIRE(program.paint(euler + Args{"--rng", "cuda", "--dump", "c"}).code == 0);
  CHECK(bytes_of(program.dump("c"), "latent.init") != bytes_of(a, "latent.init"));
}

TEST_CASE("cli: samplers have aliases, and karras has its own sigmas") {
  if (Program::absent()) return;
  const Program program;
  const auto latent = [&](const Args& args) {
    REQUIRE(program.paint(Args{"-p", "x", "--steps", "3", "-q", "--dump", "d"} + args).code == 0);
    return bytes_of(program.dump("d"), "latent");
  };
  const std::string ancestral = latent({"--sampler", "euler-a"});
  CHECK(latent({"--sampler", "euler_a"}) == ancestral);
  CHECK(latent({"--sampler", "euler"}) != ancestral);
  const std::string dpm = latent({"--sampler", "dpm++2m"});
  CHECK(latent({"--sampler", "dpm++_2m"}) == dpm);
  CHECK(latent({"--sampler", "dpm++2m", "--scheduler", "karras"}) != dpm);
}

TEST_CASE("cli: a picture to start from gives its size and its steps") {
  if (Program::absent()) return;
  const Program program;
  const Args args{"-p",      "x",      "-i",        kGolden + "toy_input.png",
                  "--steps", "4",      "--sampler", "ddim",
                  "-q",      "--dump", "d"};
  REQUIRE(program.paint(args + Args{"--strength", "0.5"}).code == 0);
  TensorSet set = program.dump("d");
  CHECK(set.find("eps.1"));
  CHECK_FALSE(set.find("eps.2"));
  REQUIRE(program.paint(args + Args{"-W", "20", "-H", "12"}).code == 0);
  set = program.dump("d");
  CHECK(set.find("eps.2"));
  CHECK_FALSE(set.find("eps.3"));
  check_tensor(set, "image", DType::f32, {1, 3, 12, 20});
}

TEST_CASE("cli: picture k of a batch is made as if alone with seed + k") {
  if (Program::absent()) return;
  const Program program;
  const Args args{"-p", "x", "--sampler", "euler-a", "--steps", "2"};
  REQUIRE(program.paint(args + Args{"-b", "3", "-o", "b.png", "--ascii", "b.txt", "--json"}).code ==
          0);
  const Outcome alone = program.paint(args + Args{"-s", "7", "-o", "a.png", "--json"});
  CHECK(program.read("b_3.png") == program.read("a.png"));
  CHECK(program.has("b_2.txt"));
  CHECK(nlohmann::json::parse(alone.out)["output"] == "a.png");
  const Outcome batch = program.paint({"-p", "x", "-b", "2", "-o", "b.png", "--json"});
  const auto report = nlohmann::json::parse(batch.out);
  CHECK(report["seed"] == nlohmann::json({5, 6}));
  CHECK(report["output"] == nlohmann::json({"b.png", "b_2.png"}));
}

TEST_CASE("cli: --json is one object with every key") {
  if (Program::absent()) return;
  const Program program;
  const Args keys{"said", "words",     "prompt",  "mood",   "temperature",
                  "seed", "steps",     "width",   "height", "device",
                  "isa",  "precision", "threads", "output", "timings_ms"};
  const Args json{"--json", "-o", "a.png"};
  const Outcome spoken = program.paint(
      Args{"who", "are you", "--mood", "angry", "--explain", "--llm", kGolden + "toy_voice.gguf"} +
      json);
  REQUIRE(spoken.code == 0);
  CHECK(keys_of(spoken.out) == keys);
  auto report = nlohmann::json::parse(spoken.out);
  CHECK(report["said"] == "who are you");
  CHECK(report["mood"] == "angry");
  CHECK(report["seed"] == 5);
  CHECK(report["width"] == 32);
  CHECK(report["timings_ms"].contains("unet_step"));
  const Outcome painted = program.paint(Args{"-p", "\xff", "-s", "18446744073709551615"} + json);
  REQUIRE(painted.code == 0);
  CHECK(keys_of(painted.out) == keys);
  report = nlohmann::json::parse(painted.out);
  CHECK(report["said"].is_null());
  CHECK(report["seed"] == 18446744073709551615u);
}

TEST_CASE("cli: no seed or a negative one is random and told") {
  if (Program::absent()) return;
  const Program program;
  const Outcome a = program.paint({"-p", "x", "-s", "-1", "--json"});
  const Outcome b = program.paint({"-p", "x", "--seed", "-1", "--json"});
  const auto seed = nlohmann::json::parse(a.out)["seed"];
  CHECK(seed != nlohmann::json::parse(b.out)["seed"]);
  CHECK(a.err.find("seed " + seed.dump() + "\n") != std::string::npos);
}

TEST_CASE("cli: what goes to standard output and what to standard error") {
  if (Program::absent()) return;
  const Program program;
  Outcome o = program.paint({"-p", "x", "--columns", "10", "--ascii", "a.txt", "-t", "1"});
  CHECK(o.out == program.read("a.txt"));  // no escapes into a file
  CHECK(o.out.find('\n') >= 10);
  CHECK(o.err == "yent.png\n");
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
  CHECK(nlohmann::json::parse(o.out)["steps"] == 2);
}

TEST_CASE("cli: policies and precisions, explained") {
  if (Program::absent()) return;
  const Program program;
  put(program.here / "mix.policy", "unet.conv_in f32\n* int8\n");
  Outcome o = program.paint({"--policy", "mix.policy", "--explain"});
  REQUIRE(o.code == 0);
  std::istringstream lines(o.out);
  int int8 = 0, f32 = 0;
  for (std::string line, layer, precision; std::getline(lines, line);) {
    std::istringstream(line) >> layer >> precision;
    (precision == "int8" ? int8 : f32) += 1;
    if (precision == "f32") CHECK(layer == "unet.conv_in");
  }
  CHECK(int8 > 50);
  CHECK(f32 == 1);
  CHECK_FALSE(program.has("yent.png"));
  for (const char* precision : {"f32", "bf16", "f16", "int8"}) {
    o = program.paint({"-p", "x", "--precision", precision, "--json"});
    REQUIRE(o.code == 0);
    CHECK(nlohmann::json::parse(o.out)["precision"] == precision);
  }
}

TEST_CASE("cli: --prompt-only wants no weights of the painter") {
  if (Program::absent()) return;
  const Program program;
  const std::string painter = painter_copy(program);
  const Args args{"hello", "--llm", kGolden + "toy_voice.gguf", "-m", painter, "--prompt-only"};
  const Outcome whole = program.paint(args);
  REQUIRE(whole.code == 0);
  CHECK(whole.out.size() > 1);
  CHECK_FALSE(program.has("yent.png"));
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
  const auto report = nlohmann::json::parse(o.out);
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
}  // namespace yent
