// Which words put Yent in which mood, and which must not, in English and Russian.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/yent/mood.h"
#include "engine/yent/words.h"

using namespace yent;

namespace {

const Persona& persona() {
  static const Persona tables = built_in_persona();
  return tables;
}

std::string mood(std::string_view words) { return mood_of(words, persona()).name; }

struct Row {
  const char *mood, *words;  // separated by spaces
};

// clang-format off
const Row kFires[] = {
    {"sad", "sad sadness saddened lonely loneliness cried crying depressed depressing depression "
            "miserable misery unhappy sorrows grieving gloomy melancholy weeping sobbed tears "
            "hopeless despairing"},
    {"sad", "одинокому одинокими одиночеством грустная грустнее грущу грустят печальных плачешь "
            "плакали заплакала расплакался слезами слезу тоску тоскливо уныло депрессией "
            "депрессивный несчастного рыдает отчаяния скорбью"},
    {"angry", "hate hates hating hatred angry angrily anger furious rage annoyed annoying irritated "
              "idiots moron dumb damn fucking motherfucker bullshit bastards despise"},
    {"angry", "ненавижу ненавидели ненавистью тупому тупыми глупая дураками идиотка злюсь "
              "разозлилась злостью бесишь бесит ярости гневом раздражает придурка заткнись "
              "заебали проклятые сволочь"},
    {"love", "loved loving lovely hearts heartbreak beautiful beautifully beauties adore adores "
             "darling kissing romantic gorgeous"},
    {"love", "люблю любишь любить любимому любовью влюбилась влюбленные сердцем сердечко сердцах "
             "красивыми красотой красавицу прекрасного обожаю целовать нежностью"},
    {"bored", "bored bores boredom nothing whatever dull tedious yawning meh"},
    {"bored", "скучно скучаю скучные скукой ничего нечего пофиг надоело безразлично нудная зеваю"},
    {"cat", "cat cats kitten kittens kitty feline meowing purring"},
    {"cat", "кошечка кошечку кошками котику котами котёнком котята котяра кошачьи киса мяукает"},
    {"duck", "ducks duckling quacking утками уточке утёнок утята утиный крякает"},
    {"death", "die died dying dead deadly corpses coffin funeral graveyard mortality"},
    {"death", "умираете умирают умираю умрём умерших мёртвыми мертвеца сдохни подыхает погибли гибели "
              "могилу гробом трупы похороны смертельный смертью"},
    {"greeting", "hello hi hey howdy приветик здравствуйте здрасьте хеллоу"},
};

const char* const kSilent =
    "this his ship history hire hint chip white delight philosophy they obey heyday honey money "
    "yoga yoke soup super support youth cathedral category education scatter location catalogue "
    "catch certificate vocation concatenate soldier diet dietary audience obedient deadline radius "
    "diesel diehard studied ambassador crusade sadist saddle palisade crystal cryptic scribe "
    "alonzo lovelace glove gloves clover slovenly plover hearth hearty harbored aboard borehole "
    "neighbor something anything duckweed aqueduct conductor product hatch chateau shatter rabies "
    "stranger danger ranger hanger manger fragile fragrance idiom mortar mortgage tomboy rooster "
    "dulcet kissinger ditches whale skittish mitten bullet shitake assassin classic pumpkin "
    "sobriety tearing weeper dumbbell dumbo";
const char* const kSilentRussian =
    "который котёл котлета котировка икота скот плакат плакаты платить слезать полезно любой любых "
    "любопытный глубокий печать печатать печка печень опечатка тупик ступня глушь дуга дурман "
    "дурной уткнуться шутка шутки каюта умеренный умывать умный смерч смеркается угроза гробница "
    "труппа группа погладить приветливость хайп сухой йогурт кошелёк кошмар кисель кислый наука "
    "скупой ничья гадать гадюка сукно сучок твердь злак злаки бесплатно беседа гневливость "
    "тоскана палач сердцевина злодей красный краска";
// clang-format on

}  // namespace

TEST_CASE("moods: inflected forms fire, in English and Russian") {
  int count = 0;
  for (const auto& [name, words] : kFires) {
    for (const std::string& word : folded_words(words)) {
      CAPTURE(word);
      CHECK(mood("so " + word + " again") == name);
      ++count;
    }
  }
  CHECK(count >= 190);
}

TEST_CASE("moods: a keyword inside another word does not fire") {
  int count = 0;
  for (const char* words : {kSilent, kSilentRussian}) {
    for (const std::string& word : folded_words(words)) {
      CAPTURE(word);
      CHECK(mood("so " + word + " again") == "default");
      ++count;
    }
  }
  CHECK(count >= 150);
}

TEST_CASE("moods: strong words, emotions and styles are read with their endings") {
  for (const char* word : {"killing", "hurts", "любовью", "ненавидят", "умираете", "убийцы"}) {
    CAPTURE(word);
    CHECK(persona().strong_words.contains(word));
  }
  CHECK(persona().emotions.at("screaming") == "scream");
  CHECK(persona().emotions.at("scream") == "scream");
  CHECK(persona().emotions.at("одинокому") == "одинокий");
  for (const Mood& m : persona().moods) {
    CAPTURE(m.name);
    CHECK(m.opposition.size() >= (m.name == "default" ? 8 : 5));
  }
}
