#include "tools/talk/serve.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "tools/command_line/number.h"

namespace yent {

bool asks_to_serve(int argc, char** argv) {
  if (argc < 2) return false;
  const std::string_view word = argv[1];
  return word == "--serve" || word.starts_with("--serve=");
}

void serve_instead(int argc, char** argv) {
  std::vector<std::string> words{"yent-server"};
  int next = 2;
  std::string port;
  if (argv[1][7] == '=') {
    port = argv[1] + 8;
  } else if (argc > 2 && argv[2][0] != '-') {
    port = argv[next++];
  }
  if (!port.empty()) {
    const auto number = natural_number(port);
    if (!number || *number > 65535) {
      throw usage_error("--serve is '{}', expected a port from 0 to 65535", port);
    }
    words.insert(words.end(), {"--listen", "127.0.0.1:" + port});
  }
  words.insert(words.end(), argv + next, argv + argc);  // a --listen among them counts
  std::vector<char*> typed;
  for (std::string& word : words) typed.push_back(word.data());
  typed.push_back(nullptr);
  std::error_code error;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path server = here.parent_path() / "yent-server";
  ::execv(server.c_str(), typed.data());
  throw run_error("{} cannot be started; ./yent --serve builds it, a package of yent has it",
                  server.string());
}

}  // namespace yent
