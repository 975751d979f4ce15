#include "engine/yent/dissonance.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <vector>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

constexpr size_t kLongestWord = 64, kMostWords = 10000, kLargestCloud = 20000;
constexpr double kKnown = 0.1;     // weight of a word that is no news
constexpr double kHeaviest = 1e6;  // a word said a thousand times must stay a number
constexpr double kForgotten = 0.01;

bool is_outer(char32_t c) {
  constexpr std::u32string_view symbols = U"$+<=>^`|~";  // what else ASCII has besides letters
  return (character_kinds(c) & kPunctuation) != 0 || symbols.find(c) != symbols.npos;
}

std::string word_of(std::u32string_view field) {
  while (!field.empty() && is_outer(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_outer(field.back())) field.remove_suffix(1);
  std::u32string word(field.substr(0, kLongestWord));
  std::ranges::replace(word, U'ё', U'е');
  return encode_utf8(word);
}

std::vector<std::string> words_of(std::string_view said) {
  const std::u32string text = to_lower(to_nfc(decode_utf8(said)));
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size() && words.size() < kMostWords;) {
    const auto end = std::find_if(text.begin() + at, text.end(), is_space);
    const auto length = static_cast<size_t>(end - text.begin()) - at;
    std::string word = word_of(std::u32string_view(text).substr(at, length));
    if (!word.empty()) words.push_back(std::move(word));
    at += length + 1;
  }
  return words;
}

std::set<std::string> ngrams_of(const std::vector<std::string>& words) {
  std::set<std::string> ngrams;
  for (size_t first = 0; first < words.size(); ++first) {
    std::string ngram = words[first];
    ngrams.insert(ngram);
    for (size_t last = first + 1; last < std::min(first + 3, words.size()); ++last) {
      ngram += " " + words[last];
      ngrams.insert(ngram);
    }
  }
  return ngrams;
}

size_t count_shared(const std::set<std::string>& a, const std::set<std::string>& b) {
  return static_cast<size_t>(
      std::ranges::count_if(a, [&](const auto& n) { return b.contains(n); }));
}

// A word that stands in the list as it is counts twice: as a word, and as an entry that occurs.
double arousal_of(const std::vector<std::string>& words, const Emotions& emotions) {
  size_t plain = 0;
  std::unordered_set<std::string> entries;
  for (const std::string& word : words) {
    const auto found = emotions.find(word);
    if (found == emotions.end()) continue;
    plain += found->second == word ? 1 : 0;
    entries.insert(found->second);
  }
  const double hits = static_cast<double>(plain + entries.size());
  return std::min(1.0, hits / static_cast<double>(words.size() + 1));
}

}  // namespace

double Dissonance::hear(std::string_view said, const Emotions& emotions) {
  const std::vector<std::string> words = words_of(said);
  if (words.empty()) return 1;
  std::set<std::string> ngrams = ngrams_of(words);
  const size_t shared = count_shared(ngrams, ngrams_);
  const auto of = [](size_t part, size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  const auto fresh = static_cast<size_t>(std::ranges::count_if(words, [&](const auto& word) {
    const auto known = cloud_.find(word);
    return known == cloud_.end() || known->second < kKnown;
  }));
  const size_t distinct = std::set<std::string>(words.begin(), words.end()).size();

  double d = 1;
  if (!ngrams_.empty()) d -= of(shared, ngrams.size() + ngrams_.size() - shared);
  if (of(distinct, words.size()) > 0.7) d *= 1.2;
  if (arousal_of(words, emotions) > 0.6) d *= 1.15;
  if (of(fresh, words.size()) > 0.7) d *= 1.1;
  if (shared > 0) d *= 0.7;
  boredom_ = d < 0.3 ? boredom_ + 1 : 0;
  if (boredom_ >= 2) d = 0.7 + 0.1 * static_cast<double>(boredom_);

  remember(words);
  ngrams_ = std::move(ngrams);
  return std::clamp(d, 0.0, 1.0);
}

void Dissonance::remember(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    double& weight = cloud_[word];
    weight = std::min(1.1 * weight + 0.1, kHeaviest);
  }
  for (auto& entry : cloud_) entry.second *= 0.99;
  std::erase_if(cloud_, [](const auto& entry) { return entry.second < kForgotten; });
  if (cloud_.size() <= kLargestCloud) return;
  std::vector<double> weights;
  for (const auto& entry : cloud_) weights.push_back(entry.second);
  std::ranges::nth_element(weights, weights.begin() + kLargestCloud, std::greater());
  const double least = weights[kLargestCloud];
  std::erase_if(cloud_, [least](const auto& entry) { return entry.second < least; });
}

Json Dissonance::state() const {
  Json state = Json::object(), ngrams = Json::array();
  std::vector<Json::Member> cloud;
  for (const auto& [word, weight] : cloud_) cloud.push_back({word, weight});
  for (const std::string& ngram : ngrams_) ngrams.push_back(ngram);
  state["boredom"] = boredom_;
  state["cloud"] = Json::object(std::move(cloud));
  state["ngrams"] = std::move(ngrams);
  return state;
}

Dissonance Dissonance::restored(const Json& state, const std::string& where) {
  Dissonance dissonance;
  constexpr int64_t most = int64_t{1} << 40;
  dissonance.boredom_ = get_int(state, "boredom", std::nullopt, 0, most, where);
  const Json& cloud = state["cloud"];
  if (!cloud.is_object()) {
    throw file_error("{}: cloud is a {}, expected an object", where, cloud.type_name());
  }
  for (const auto& [word, weight] : cloud.items()) {
    const auto number = weight.number();
    if (!number || !(*number > 0 && *number <= kHeaviest)) {
      throw file_error("{}: a word's weight is {}, expected a number above 0", where,
                       weight.dump());
    }
    dissonance.cloud_.emplace(word, *number);
  }
  for (std::string& ngram : get_strings(state, "ngrams", std::nullopt, where)) {
    dissonance.ngrams_.insert(std::move(ngram));
  }
  return dissonance;
}

float dissonant_temperature(double dissonance, double base) {
  return static_cast<float>(std::clamp(0.6 * (0.3 + 1.2 * dissonance) + 0.4 * base, 0.3, 1.5));
}

}  // namespace yent
