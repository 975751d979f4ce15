// yent-diffuse sample: a text block by block, or the masked places of one.
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "engine/characters/blocks.h"
#include "engine/characters/text.h"
#include "engine/core/random.h"
#include "kernels/error.h"
#include "loaders/io/output_file.h"
#include "loaders/io/utf8.h"
#include "tools/diffuse/commands.h"
#include "tools/diffuse/run.h"
#include "tools/interrupt.h"

namespace yent::diffuse {
namespace {

constexpr size_t kMostPrompt = size_t{1} << 20;

bool is_piped() {
  struct stat input = {};
  return ::fstat(STDIN_FILENO, &input) == 0 && (S_ISFIFO(input.st_mode) || S_ISREG(input.st_mode));
}

std::string standard_input() {
  std::string text;
  char bytes[1 << 16];
  for (ssize_t got; (got = ::read(STDIN_FILENO, bytes, sizeof bytes)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw usage_error("standard input cannot be read: {}", std::strerror(errno));
    text.append(bytes, static_cast<size_t>(got));
    if (text.size() > kMostPrompt) {
      throw usage_error("standard input has more than {} bytes, expected a text", kMostPrompt);
    }
  }
  return text;
}

// The words, or what is piped in. A text that is continued does not end in the newline of `echo`.
std::string prompt_of(const Options& o) {
  if (o.words.empty() && is_piped()) {
    std::string text = standard_input();
    if (!o.infill && text.ends_with('\n')) text.pop_back();
    return text;
  }
  return fmt::format("{}", fmt::join(o.words, " "));
}

// Where the text goes: bit by bit to standard output, or to a file at the end.
class TextOutput {
 public:
  TextOutput(const Options& o, Console& console)
      : to_file_(!o.output.empty() && o.output != "-"),
        silent_(o.json),
        path_(o.output),
        console_(console) {
    if (to_file_) ensure_writable(path_);
  }
  // What was interrupted ends its line, too.
  ~TextOutput() {
    if (!finished_) end_line();
  }
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  void add(const std::string& bit) {
    text_ += bit;
    if (to_file_ || silent_) return;
    const bool terminal = console_.terminal().is_terminal;
    if (terminal) {
      console_.type(character_diffusion::escaped(bit));
    } else {
      console_.print(bit);
    }
  }

  const std::string& finish() {
    if (to_file_) write_file_atomically(path_, std::string_view(text_));
    end_line();
    finished_ = true;
    return text_;
  }

 private:
  void end_line() {
    if (!to_file_ && !silent_ && console_.terminal().is_terminal) console_.end_typing();
  }

  bool to_file_, silent_, finished_ = false;
  std::string path_, text_;
  Console& console_;
};

// The beginning of the first block: of the prompt as much as leaves a quarter to be written, or a
// random place of the source text.
std::vector<int32_t> beginning_of(const Run& run, const std::vector<int32_t>& prompt, int context) {
  if (!prompt.empty()) {
    const size_t most = static_cast<size_t>(run.length) - std::max(run.length / 4, 1);
    const size_t kept = std::min(prompt.size(), most);
    return {prompt.end() - static_cast<ptrdiff_t>(kept), prompt.end()};
  }
  if (context == 0) return {};
  const std::vector<int32_t> source = run.source_text();
  const size_t count = std::min<size_t>(context, source.size());
  std::mt19937_64 generator(run.seed);
  const auto from =
      source.begin() + static_cast<ptrdiff_t>(draw_index(generator, source.size() - count + 1));
  return {from, from + static_cast<ptrdiff_t>(count)};
}

void check_ids(const std::vector<int32_t>& ids, int vocabulary) {
  for (const int32_t id : ids) {
    if (id >= vocabulary) {
      throw usage_error("the text has the character {}, the model knows those below {}", id,
                        vocabulary);
    }
  }
}

void write(const Options& o, Console& console, Run& run, const std::string& prompt) {
  using namespace character_diffusion;
  const std::vector<int32_t> ids = ids_of(prompt);
  check_ids(ids, run.network->vocabulary());
  BlockSpec spec{.count = o.blocks > 0    ? o.blocks
                          : o.context > 0 ? 30
                                          : 5,
                 .length = run.length,
                 .context = o.context,
                 .seed = run.seed};
  spec.beginning = beginning_of(run, ids, o.context);
  CancelToken token;
  const CancelOnInterrupt interrupts(token);
  Decoding decoding = o.decoding;
  decoding.cancel = &token;
  TextOutput out(o, console);
  Json evaluations = Json::array();
  int total = 0;
  // What of the prompt the first block does not hold.
  out.add(text_of(std::span(ids).first(ids.empty() ? 0 : ids.size() - spec.beginning.size())));
  TimedModel model(*run.network, run.timings);
  console.progress("writing", 0, spec.count);
  write_blocks(model, spec, decoding, {.done = [&](const Block& b) {
                 out.add(text_of(std::span(b.row.ids).subspan(b.known)));
                 const bool apart = spec.context == 0 && b.number + 1 < spec.count;
                 if (apart) out.add("\n\n");
                 evaluations.push_back(b.evaluations);
                 total += b.evaluations;
                 console.progress("writing", b.number + 1, spec.count);
               }});
  const std::string& text = out.finish();
  run.report(Json::object({{"text", encode_utf8(decode_utf8(text))},
                           {"characters", text.size()},
                           {"rule", rule_name(decoding.rule.kind)},
                           {"block_evaluations", evaluations},
                           {"evaluations", total}}));
}

void fill_in(const Options& o, Console& console, Run& run, const std::string& prompt) {
  using namespace character_diffusion;
  const std::u32string blank = decode_utf8(o.blank);
  if (blank.size() != 1) throw usage_error("--blank is '{}', expected one character", o.blank);
  Row row{.ids = ids_of(prompt), .masked = {}, .seed = run.seed};
  check_ids(row.ids, run.network->vocabulary());
  const std::u32string code_points = decode_utf8(prompt);
  for (size_t i = 0; i < code_points.size(); ++i) {
    row.masked.push_back(code_points[i] == blank[0]);
    if (row.masked[i]) row.ids[i] = kMask;
  }
  const int masked = row.count_masked();
  if (masked == 0) {
    throw usage_error("the text has no masked place, expected {} where one is", o.blank);
  }
  CancelToken token;
  const CancelOnInterrupt interrupts(token);
  Decoding decoding = o.decoding;
  decoding.cancel = &token;
  TextOutput out(o, console);
  TimedModel model(*run.network, run.timings);
  console.progress("filling in", 0, masked);
  const int evaluations = fill(model, row, run.length, decoding, [&] {
    console.progress("filling in", masked - row.count_masked(), masked);
  });
  // Beyond ASCII the text stays as it was given.
  const std::string written = text_of(row.ids);
  std::u32string text = code_points;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == blank[0]) text[i] = static_cast<unsigned char>(written[i]);
  }
  out.add(encode_utf8(text));
  run.report(Json::object({{"text", out.finish()},
                           {"filled", masked},
                           {"rule", rule_name(decoding.rule.kind)},
                           {"evaluations", evaluations}}));
}

}  // namespace

void sample(const Options& o, Console& console) {
  const std::string prompt = prompt_of(o);
  Run run(o, console);
  if (o.context >= run.length) {
    throw usage_error("--context is {}, expected less than the {} of a block", o.context,
                      run.length);
  }
  if (o.infill) return fill_in(o, console, run, prompt);
  write(o, console, run, prompt);
}

}  // namespace yent::diffuse
