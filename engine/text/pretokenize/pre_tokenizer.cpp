#include "engine/text/pretokenize/pre_tokenizer.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

namespace {

struct Rule {
  std::string_view names;  // separated by spaces
  std::vector<std::string> stages;
  bool ignores_merges = false, adds_bos = false;
  bool has_bos = true;  // without a key in the file
};

// Parts of patterns. The patterns are those of the models' own tokenizers, except that contractions
// are ASCII. They know the case of all letters where llama.cpp, whose matcher knows no categories
// of letters, looks at a to z alone (tekken, gpt-4o).
struct Parts {
  std::string contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
  std::string word = R"([^\r\n\p{L}\p{N}]?\p{L}+)", others = R"( ?[^\s\p{L}\p{N}]+)";
  std::string digit = R"(\p{N})", three_digits = R"(\p{N}{1,3})";
  std::string spaces = R"(\s+(?!\S)|\s+)", lines = R"(\s*[\r\n]+|)" + spaces;
  std::string rest = others + R"([\r\n]*|)" + lines;
  std::string gpt_2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";
  std::string qwen_2 = contractions + "|" + word + "|" + digit + "|" + rest;
  std::string llama_3 = contractions + "|" + word + "|" + three_digits + "|" + rest;
  std::string bloom = " ?[^(\\s|.,!?…。，、।۔،)]+";
  std::string chinese = "[一-龥ࠀ-一가-퟿]+", han_kana = "[一-龥぀-ゟ゠-ヿ]+";
  std::string deepseek_3 = R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|)"
                           R"([^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+)";
  // Letters that have case, of the Unicode version of its time. NFC would change those escaped.
  // clang-format off
  std::string letters_with_case =
      "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
      "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝ"
      "ℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓"
      "𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";
  // clang-format on

  // Capitals, then small letters, then `ending`; letters without case count as both.
  static std::string cased(const std::string& ending) {
    const std::string capitals = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
    const std::string small = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])", before = R"([^\r\n\p{L}\p{N}]?)";
    return before + capitals + "*" + small + "+" + ending + "|" + before + capitals + "+" + small +
           "*" + ending + "|";
  }
  std::string cased_rest = "|" + others + R"([\r\n/]*|)" + lines;
  std::string gpt_4o = cased(contractions + "?") + three_digits + cased_rest;
};

const std::vector<Rule>& rules() {
  static const Parts p;
  // clang-format off
  static const std::vector<Rule> all{
      {"default", {R"([\p{P}$+<=>^~|]+)", p.gpt_2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {"gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert mpt "
       "olmo jais trillion granite-docling exaone4", {p.gpt_2}},
      {"starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", {p.digit, p.gpt_2}},
      {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
       {p.llama_3}, true, true},
      {"dbrx smaug-bpe", {p.llama_3}},
      {"glm4 chatglm-bpe", {p.llama_3}, false, false, false},
      {"qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
       {p.qwen_2}},
      {"qwen35", {p.contractions + R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
                  R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" + p.lines}},
      {"ufakzeka", {p.word + "|" + p.digit + "|" + p.rest}},
      {"laguna", {R"([^\n]+|[\n]+)", p.qwen_2}},
      {"minicpm5", {p.three_digits, p.contractions + "|" + p.word + R"(|\p{N}+|)" + p.rest}, true},
      {"seed-coder", {p.contractions + "|" + p.word + R"(|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|)" +
                      p.lines}},
      {"bailingmoe bailingmoe2 llada-moe",
       {"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" + p.word + "|" + p.digit + "|" + p.others +
        R"([\r\n]*|\s*[\r\n]|)" + p.spaces}},
      {"exaone-moe", {p.contractions + R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|)" +
                      p.digit + "|" + p.others + R"([\r\n/]?|\s*[\r\n]|)" + p.spaces}},
      {"tekken", {p.cased("") + p.digit + p.cased_rest}, true, true},
      {"gpt-4o llama4 kanana2 talkie minimax-m2", {p.gpt_4o}},
      {"granite-embed-multi-97m", {p.gpt_4o}, true},
      {"youtu", {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + p.han_kana,
                 p.cased(p.contractions + "?") + p.digit + p.cased_rest}, true},
      {"deepseek-llm", {"[\r\n]", "\\s?[" + p.letters_with_case + "]+",
                        "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", R"(\s+$)", p.chinese, R"(\p{N}+)"}},
      {"deepseek-coder", {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", p.chinese, p.digit}},
      {"deepseek-v3 hunyuan-dense joyai-llm hy_v4",
       {p.three_digits, p.han_kana, p.deepseek_3 + R"([\r\n]*|)" + p.lines}},
      {"spark2_5", {p.three_digits, p.han_kana, p.deepseek_3 + R"(|[\r\n]|)" + p.spaces, p.digit}},
      {"falcon", {R"([\p{P}$+<=>^~|`]+)", p.gpt_2, "[0-9][0-9][0-9]"}},
      {"bloom poro-chat gpt3-finnish", {p.bloom}},
      {"viking", {p.bloom, p.digit}},
      {"chameleon", {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                     R"([\t\n]|    |  )", p.digit, R"([\p{P}!-/:-@\[-`{-~])", p.gpt_2}, false, true},
      {"jais-2", {p.contractions + "|" + p.word + "|" + p.three_digits + "|" + p.others +
                  R"([\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|)"
                  R"(\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s)"}},
  };
  // clang-format on
  return all;
}

std::vector<std::string> names_of(const Rule& rule) {
  std::istringstream in{std::string(rule.names)};
  return {std::istream_iterator<std::string>(in), {}};
}

}  // namespace

PreTokenizer PreTokenizer::named(std::string_view name, const std::string& where) {
  const std::string wanted(name.empty() ? "default" : name);
  for (const Rule& rule : rules()) {
    const std::vector<std::string> names = names_of(rule);
    if (std::find(names.begin(), names.end(), wanted) == names.end()) continue;
    PreTokenizer made;
    for (const std::string& stage : rule.stages) made.stages_.emplace_back(stage);
    made.ignores_merges_ = rule.ignores_merges;
    made.adds_bos_ = rule.adds_bos;
    made.has_bos_ = rule.has_bos;
    return made;
  }
  throw file_error("{}: the pre-tokenizer is \"{}\", which is none of those known: {}", where,
                   printable(wanted.substr(0, 100)), fmt::join(PreTokenizer::names(), ", "));
}

std::vector<std::string> PreTokenizer::names() {
  std::vector<std::string> all;
  for (const Rule& rule : rules()) {
    for (const std::string& name : names_of(rule)) all.push_back(name);
  }
  return all;
}

std::vector<size_t> PreTokenizer::split(std::span<const Character> text) const {
  std::vector<KindOf> kinds;
  kinds.reserve(text.size());
  for (const Character& c : text) kinds.push_back({c.code, character_kinds(c.code)});
  std::vector<size_t> lengths{kinds.size()};
  if (kinds.empty()) lengths.clear();
  for (const Pattern& stage : stages_) {
    std::span<const KindOf> rest = kinds;
    std::vector<size_t> finer;
    for (const size_t length : lengths) {
      for (const size_t part : stage.split(rest.first(length))) finer.push_back(part);
      rest = rest.subspan(length);
    }
    lengths = std::move(finer);
  }
  return lengths;
}

}  // namespace yent
