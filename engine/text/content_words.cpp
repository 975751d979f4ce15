#include "engine/text/content_words.h"

#include <algorithm>
#include <set>

#include "engine/text/unicode.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

constexpr size_t kLeastLetters = 3;

// Each between two spaces.
constexpr std::u32string_view grammar_words =
    U" about above across after again against all almost also although always among and another any"
    U" anyone anything are aren around away back because been before behind being below beneath"
    U" beside between beyond both but can cannot could couldn did didn does doesn doing don done"
    U" down during each either else enough even ever every everyone everything few for from further"
    U" get gets getting give gives got had hadn has hasn have haven having her here hers herself "
    U"him"
    U" himself his how however into isn its itself just keep keeps least less let lets like made "
    U"make"
    U" makes making many maybe might mine more most much must myself need needs neither never"
    U" nobody none nor not nothing now off often once one only onto other others ought our ours"
    U" ourselves out over own perhaps put quite rather really same say says self shall she should"
    U" shouldn since some someone something soon still such take takes than that the their theirs"
    U" them themselves then there these they thing things this those though through thus too toward"
    U" towards two under until upon use used very want wants was wasn way well were weren what when"
    U" where whether which while who whole whom whose why will with within without won would wouldn"
    U" yes yet you your yours yourself yourselves"
    U" без более бы был была были было быть вам вами вас ваш весь вот все всё всего всех где даже"
    U" для его если есть еще ещё или как какой когда кто куда лишь между меня мне мной может мои"
    U" мой моя надо нам нами нас наш него нее неё ней нет нею ним ними них ничего ничто ними она"
    U" они оно опять под после потом потому почти при про раз разве сам свой своя себе себя тебе"
    U" тебя тем теперь тогда того тоже только том тут уже хоть хотя чего чей чем через что чтоб"
    U" чтобы чуть эта эти это этого этой этом этот ";

bool holds_a_sentence_together(const std::u32string& lower) {
  return grammar_words.find(U" " + lower + U" ") != grammar_words.npos;
}

}  // namespace

std::vector<std::string> content_words(std::string_view text) {
  std::vector<std::string> words;
  std::set<std::u32string> seen;
  std::u32string word;
  for (const char32_t c : decode_utf8(text) + U" ") {
    if (is_letter(c) || is_mark(c)) {
      word.push_back(c);
      continue;
    }
    const std::u32string lower = to_lower(word);
    if (word.size() >= kLeastLetters && !holds_a_sentence_together(lower) &&
        seen.insert(lower).second) {
      words.push_back(encode_utf8(word));
    }
    word.clear();
  }
  return words;
}

}  // namespace yent
