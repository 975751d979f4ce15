#include "tests/support/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "loaders/io/json.h"

namespace yent::test {

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

Program::Program() : Program(YENT_RUN) {}

Program::Program(const char* program) : executable(program), here(folder_.path()) {}

Program Program::diffuse() { return Program(YENT_DIFFUSE); }

bool Program::absent() {
  if (::access(YENT_RUN, X_OK) == 0 && Program().run({"--version"}).code == 0) return false;
  MESSAGE("skipped: " << YENT_RUN << " does not run here");
  return true;
}

pid_t Program::start(Args args) const {
  args.insert(args.begin(), executable);
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
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  redirect(out, 1);
  redirect(err, 2);
  if (in_child) in_child();
  if (::chdir(in.c_str()) == 0) ::execvp(argv[0], argv.data());
  ::_exit(127);
}

Outcome Program::finish(pid_t child) const {
  int status = 0;
  ::waitpid(child, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  return {code, text_of(folder_ / "out"), text_of(folder_ / "err")};
}

Outcome Program::paint(const Args& args) const {
  return run(
      Args{"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter", "--steps", "1", "-s", "5"} +
      args);
}

Outcome Program::complete(const Args& args) const {
  return run(
      Args{"--device", "cpu", "-t", "1", "--llm", kGolden + "toy_voice.gguf", "--temp", "0"} +
      args);
}

std::vector<std::string> Program::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(here)) {
    const std::string name = entry.path().filename().string();
    if (name != "out" && name != "err") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

std::string check_sentence(const Program& program, const Args& args, int code,
                           Outcome (Program::*run)(const Args&) const) {
  const Args before = program.files();
  const Outcome o = (program.*run)(args);
  std::string line;
  for (const std::string& arg : args) line += arg + " ";
  CAPTURE(line);
  CAPTURE(o.err);
  CHECK(o.code == code);
  CHECK(o.out.empty());
  CHECK(o.err.starts_with(fs::path(program.executable).filename().string() + ": "));
  CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  CHECK(program.files() == before);
  return o.err;
}

}  // namespace

std::string check_refused(const Program& program, const Args& args, int code) {
  return check_sentence(program, args, code, &Program::paint);
}

std::string check_refused_as_typed(const Program& program, const Args& args, int code) {
  return check_sentence(program, args, code, &Program::run);
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

std::string painter_copy(const Program& program) {
  fs::copy(kGolden + "toy_painter", program.here / "painter", fs::copy_options::recursive);
  return (program.here / "painter").string();
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::vector<std::string> keys_of(const std::string& json) {
  std::vector<std::string> keys;
  const Json object = parse_json(json, "report");
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

}  // namespace yent::test
