// yent-run from outside: the files that it reads and writes, and what can be wrong with them. Every
// case runs the built program on the toy models.
#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "loaders/image/image.h"
#include "tests/support/program.h"
#include "tests/support/tree.h"

namespace yent::test {
namespace {

// A small file system of its own, where root may mount one.
class Mounted {
 public:
  Mounted(const fs::path& at, const char* options) : at_(at) {
    fs::create_directory(at);
    works_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
    if (!works_) MESSAGE("skipped: no file system can be mounted here");
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted() {
    if (works_) ::umount(at_.c_str());
  }
  bool works() const { return works_; }
  void make_read_only() const {
    REQUIRE(::mount("", at_.c_str(), "", MS_REMOUNT | MS_RDONLY, "") == 0);
  }
  size_t files() const {
    const fs::directory_iterator entries(at_);
    return std::distance(begin(entries), end(entries));
  }

 private:
  fs::path at_;
  bool works_ = false;
};

TEST_CASE("cli: one file for two outputs, or for an input and an output, is 2") {
  if (Program::absent()) return;
  const Program program;
  const std::string painter = painter_copy(program);
  fs::copy(kGolden + "toy_input.png", program.here / "in.png");
  fs::create_symlink("a.png", program.here / "dangling.png");
  fs::create_directory(program.here / "folder");
  fs::create_directory_symlink("folder", program.here / "alias");
  put(program.here / "old.png", "old");
  fs::create_hard_link(program.here / "old.png", program.here / "hard.txt");
  const auto refused = [&](const Args& args) {
    return check_refused(program, Args{"-p", "x"} + args, 2);
  };
  CHECK(refused({"-o", "a.png", "--ascii", "a.png"}) ==
        "yent-run: -o a.png and --ascii a.png are one file, expected two\n");
  refused({"-o", "a.png", "--ascii", "./a.png"});
  refused({"-o", "a.png", "--dump", "folder/../a.png"});
  refused({"-o", "a.png", "--dump", (program.here / "a.png").string()});
  refused({"-o", "a.png", "--ascii", "dangling.png"});
  refused({"-o", "folder/a.png", "--ascii", "alias/a.png"});
  refused({"-o", "old.png", "--ascii", "hard.txt"});
  refused({"--ascii", "t", "--dump", "t"});
  CHECK(refused({"-b", "2", "-o", "a.png", "--dump", "a_2.png"}) ==
        "yent-run: --dump a_2.png and -o a_2.png are one file, expected two\n");
  refused({"-b", "3", "-o", "a.png", "--ascii", "a_2.png"});

  CHECK(refused({"-i", "in.png", "-o", "in.png"}) ==
        "yent-run: -o in.png is the file that -i in.png reads, expected another\n");
  refused({"-m", painter, "--dump", painter + "/vae/config.json"});
  refused({"-m", painter, "--ascii", painter + "/tokenizer/merges.txt"});
  refused({"--lora", "old.png:0.5", "--dump", "hard.txt"});
  refused({"--cond", "old.png", "--ascii", "old.png"});
  put(program.here / "mix.policy", "* f32\n");
  refused({"--policy", "mix.policy", "--ascii", "./mix.policy"});
  fs::create_directories(program.here / "loras/mine");
  put(program.here / "loras/mine/a.safetensors", "old");
  put(program.here / "loras/adapter_config.json", "old");
  refused({"--grammar", "a1111", "--lora-dir", "loras", "--dump", "loras/mine/a.safetensors"});
  refused({"--lora", "loras:0.5", "--ascii", "loras/adapter_config.json"});
  const std::string vae = painter + "/vae";
  CHECK(refused({"--vae", vae, "--dump", vae + "/diffusion_pytorch_model.safetensors"}) ==
        "yent-run: --dump " + vae + "/diffusion_pytorch_model.safetensors is the file that --vae " +
            vae + "/diffusion_pytorch_model.safetensors reads, expected another\n");
  check_refused(program, {"--complete", "x", "--llm", "old.png", "--dump", "hard.txt"}, 2);
  CHECK(program.read("old.png") == "old");

  // Devices take any number, and a name that is no path is no file.
  put(program.here / "int8", "mine");
  CHECK(program
            .paint({"-p", "x", "-q", "-o", "a.png", "--ascii", "/dev/null", "--dump", "/dev/null",
                    "--policy", "int8"})
            .code == 0);
}

TEST_CASE("cli: a picture's format is its ending's") {
  if (Program::absent()) return;
  const Program program;
  for (const char* name : {"a.jpg", "b.JPEG", "c.PNG"}) {
    REQUIRE(program.paint({"-p", "a caf\u00e9", "-q", "-b", "2", "--raw", "-o", name}).code == 0);
  }
  for (const char* name : {"a.jpg", "a_2.jpg", "b.JPEG", "b_2.JPEG"}) {
    CHECK(program.read(name).starts_with("\xFF\xD8\xFF"));
    CHECK(program.read(name).find(std::string("UNICODE\0\0a\0 \0c\0a\0f\0\xE9", 20)) !=
          std::string::npos);
    CHECK(read_image(program.here / name).width == 32);
  }
  CHECK(program.read("c_2.PNG").starts_with("\x89PNG"));
  for (const char* name : {"a.webp", "a", "a.png.txt", "a.", ".png", "a.gif"}) {
    const std::string said = check_refused(program, {"-p", "x", "-o", name}, 2);
    CHECK(said.find("expected .png, .jpg or .jpeg") != std::string::npos);
  }
  // What a JPEG has no room for is named.
  const Outcome o = program.paint({"-p", std::string(40000, ','), "-o", "long.jpg", "--raw"});
  CHECK(o.code == 0);
  CHECK(o.err.find("long.jpg: the settings are left out") != std::string::npos);
}

TEST_CASE("cli: a picture that is stored turned is used upright") {
  if (Program::absent()) return;
  const Program program;
  // 12x8, stored with orientation 6: to be seen as 8x12.
  std::vector<uint8_t> jpeg = encode_jpeg(Image(12, 8));
  const std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
      36);
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  put(program.here / "turned.jpg", std::string(jpeg.begin(), jpeg.end()));
  REQUIRE(
      program.paint({"-p", "x", "-i", "turned.jpg", "--steps", "2", "--raw", "-o", "a.png"}).code ==
      0);
  const Image image = read_image(program.here / "a.png");
  CHECK(image.width == 8);
  CHECK(image.height == 12);
}

TEST_CASE("cli: a name may be as long as the system allows, and one more is 1") {
  if (Program::absent()) return;
  const Program program;
  for (size_t length : {253, 254, 255}) {
    const std::string name = std::string(length - 4, 'n') + ".png";
    CHECK(program.paint({"-p", "x", "-q", "-o", name}).code == 0);
    CHECK(program.read(name).starts_with("\x89PNG"));
    fs::remove(program.here / name);
  }
  CHECK(program.files().empty());
  const std::string long_name = std::string(252, 'n') + ".png";
  const std::string said = check_refused(program, {"-p", "x", "-o", long_name}, 1);
  CHECK(said.find("File name too long") != std::string::npos);
  // The first fits, the second does not.
  check_refused(program, {"-p", "x", "-b", "2", "-o", std::string(251, 'n') + ".png"}, 1);
  check_refused(program, {"-p", "x", "--dump", std::string(256, 'n')}, 1);
  check_refused(program, {"-p", "x", "-i", std::string(256, 'n')}, 3);
  check_refused(program, {"-p", "x", "--lora", std::string(256, 'n') + ":1"}, 3);
  CHECK(program.files().empty());
}

TEST_CASE("cli: a limit on the size of files is 1, with nothing left behind") {
  if (Program::absent()) return;
  Program program;
  program.in_child = [] {
    const rlimit limit{2048, 2048};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  const Args large{"-p", "x", "-W", "48", "-H", "48", "--raw"};
  for (const Args& output : std::vector<Args>{
           {"-o", "a.png"}, {"-o", "a.jpg"}, {"-o", "/dev/null", "--dump", "d", "-q"}}) {
    const std::string said = check_refused(program, large + output, 1);
    CHECK(said.find("cannot be written: File too large") != std::string::npos);
  }
  const Outcome o = program.paint(large + Args{"-o", "-"});
  CHECK(o.code == 1);
  CHECK(o.err == "yent-run: the picture cannot be written to standard output\n");
  CHECK(program.files().empty());
}

TEST_CASE("cli: a full or read-only file system is 1, with nothing left behind") {
  if (Program::absent()) return;
  const Program program;
  const Mounted tiny(program.here / "tiny", "size=8k");
  if (!tiny.works()) return;
  const Args large{"-p", "x", "-W", "48", "-H", "48", "--raw"};
  put(program.here / "tiny" / "old.png", "old");
  for (const Args& output : std::vector<Args>{{"-o", "tiny/a.png"}, {"-o", "tiny/old.png"}}) {
    const std::string said = check_refused(program, large + output, 1);
    CHECK(said.find("cannot be written: No space left on device") != std::string::npos);
  }
  CHECK(tiny.files() == 1);
  CHECK(program.read("tiny/old.png") == "old");
  tiny.make_read_only();
  for (const char* flag : {"-o", "--ascii", "--dump"}) {
    const std::string said = check_refused(program, {"-p", "x", flag, "tiny/old.png"}, 1);
    CHECK(said.find("cannot be written: Read-only file system") != std::string::npos);
  }
}

TEST_CASE("cli: a program that stands alone says where it looked") {
  if (Program::absent()) return;
  Program program;
  const std::string painter = painter_copy(program);
  fs::copy(kGolden + "painter_files.ckpt", program.here / "single.ckpt");
  fs::copy(program.executable, program.here / "alone");
  program.executable = (program.here / "alone").string();
  // The source tree is hidden from the child alone.
  program.in_child = [] {
    const bool hidden = ::unshare(CLONE_NEWNS) == 0 &&
                        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                        ::mount("tmpfs", in_tree("").c_str(), "tmpfs", 0, "size=4k") == 0;
    if (!hidden) ::_exit(99);
  };
  if (program.run({"--version"}).code != 0) {
    MESSAGE("skipped: the source tree cannot be hidden here");
    return;
  }
  struct Missing {
    Args args;
    const char* file;
  };
  for (const auto& [args, file] : std::vector<Missing>{
           {{"-p", "x", "--precision", "f32"}, "default"},
           {{"who are you", "--prompt-only", "-m", painter, "--precision", "f32"},
            "default/yent.gguf"},
           {{"--complete", "x", "--precision", "f32"}, "default/yent.gguf"},
           {{"who are you", "--prompt-only", "-m", "single.ckpt", "--precision", "f32"}, "clip"},
           {{"-p", "x", "-m", painter, "--policy", "woodcut"}, "policies/woodcut.policy"}}) {
    const Outcome o = program.run(Args{"--device", "cpu"} + args);
    CAPTURE(o.err);
    CHECK(o.code == 3);
    CHECK(o.err.starts_with("yent-run: " + std::string(file) + " ships with yent and is missing"));
    CHECK(o.err.find(program.here.string() + ", ") != std::string::npos);
    CHECK(o.err.find("share/yent") != std::string::npos);
  }
  // All that it needs is beside it.
  CHECK(program
            .run({"--device", "cpu", "-p", "x", "-m", painter, "--precision", "f32", "-q",
                  "--steps", "1"})
            .code == 0);
}

TEST_CASE("cli: an unknown policy is answered with the known ones") {
  if (Program::absent()) return;
  const std::string said = check_refused(Program(), {"-p", "x", "--policy", "woodcat"}, 3);
  CHECK(said.find("auto, bf16, fog, int8, int8-exact, int8-impressionist, "
                  "plein-air, pointillist, riso, screenprint, woodcut, xray") != std::string::npos);
}

}  // namespace
}  // namespace yent::test
