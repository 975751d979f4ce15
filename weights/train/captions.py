"""Words for the drawings: the names that people and Yent's language model may use for each subject.

The painter has to find the subject anywhere in a caption: alone ("duck"), inside Yent's long
sentences ("an angry rubber duck wearing ..., street art, ..."), in Russian. In a reaction the
starter decides the subject; only the open starters ("a surreal painting of ...") let the first
drawable noun of the detail decide.
"""

import json
import random
import re
from pathlib import Path

import grammar

NEGATIVE = json.loads((Path(__file__).resolve().parents[2] / "engine/yent/yent.json").read_text(
    "utf-8"))["negative_prompt"]

# Subject -> names. A bare plural or a synonym is a name too.
NAMES = {
    "cat": ["cat", "kitten", "kitty", "cat with glowing eyes", "one-eyed alley cat", "fluffy cat",
            "cats", "кот", "кошка", "котик"],
    "cyberpunk cat": ["cyberpunk cat", "neon cat", "robot cat", "hacker cat"],
    "orange cat": ["orange cat", "fat orange cat", "ginger cat"],
    "black cat": ["black cat", "cat in a leather jacket", "black cat in sunglasses"],
    "duck": ["duck", "rubber duck", "yellow duck", "giant yellow duck", "duckling", "ducks",
             "drunk duck", "утка", "уточка"],
    "angry duck": ["angry duck", "angry rubber duck", "evil duck"],
    "duck on fire": ["duck on fire", "burning duck", "flaming duck"],
    "uniform duck": ["duck in a general's uniform", "duck in a uniform", "military duck"],
    "mechanical duck": ["mechanical duck", "robot duck", "steel duck"],
    "burning rose": ["burning rose", "rose on fire", "flaming rose"],
    "rose": ["rose", "red rose", "роза"],
    "two hearts": ["two hearts", "two glitching hearts", "hearts", "glitching hearts", "lovers"],
    "heart": ["heart", "red heart", "love", "big heart", "сердце", "любовь"],
    "broken heart": ["broken heart", "heartbreak", "cracked heart", "heart is broken",
                     "разбитое сердце"],
    "wilting flower": ["wilting flower", "flower", "dead flower", "dying flower", "цветок"],
    "cracked mirror": ["cracked mirror", "mirror", "broken mirror", "зеркало"],
    "explosion": ["explosion", "bomb", "big explosion", "burning typewriter", "взрыв"],
    "screaming face": ["screaming face", "scream", "screaming man", "screaming person", "крик"],
    "void": ["void", "yawning void", "black hole", "abyss", "hungry void", "пустота"],
    "melting clock": ["melting clock", "clock", "soft watch", "time", "часы"],
    "empty chair": ["empty chair", "chair", "wooden chair", "стул"],
    "skeleton": ["skeleton", "skeleton playing guitar", "skeleton with a guitar", "guitar",
                 "скелет"],
    "bones with flowers": ["bones with flowers", "bones growing flowers", "bones",
                           "skull with flowers"],
    "skull": ["skull", "grinning skull", "smoking skull", "death", "череп"],
    "eye": ["eye", "giant eye", "blue eye", "crying eye", "глаз"],
    "punk": ["punk", "punk with a mohawk", "punk rocker", "man", "portrait", "face", "панк"],
    "television": ["television", "tv", "burning television", "glitching screen", "телевизор"],
    "door": ["door", "open door", "door to the moon", "дверь"],
    "landscape": ["landscape", "twisted landscape", "twisted tree", "mountains", "tree", "дерево"],
    "fist": ["fist", "red fist", "raised fist", "revolution", "hand", "революция"],
    "lips": ["lips", "red lips", "pair of red lips", "kiss", "mouth"],
    "octopus": ["octopus", "velvet octopus", "purple octopus", "осьминог"],
    "snail": ["snail", "fat snail", "улитка"],
    "dog": ["dog", "stray dog", "bulldog", "puppy", "собака"],
    "umbrella": ["umbrella", "broken umbrella", "rain", "зонт"],
    "reaper": ["reaper", "grim reaper", "hooded reaper", "смерть"],
    "crow": ["crow", "crow in a top hat", "raven", "black bird", "ворона"],
    "robot": ["robot", "rusty robot", "robots", "робот"],
    "bug": ["bug", "ladybug", "beetle", "bugs", "my code has bugs", "жук"],
    "fish": ["fish", "blue fish", "fish head", "shark", "рыба"],
    "clown": ["clown", "sad clown", "soaked clown", "joker", "клоун"],
    "violin": ["violin", "rusty violin", "tiny violin", "скрипка"],
    "frog": ["toad", "frog", "chrome toad", "жаба"],
    "monkey": ["monkey", "monkeys", "crowd of monkeys", "обезьяна"],
    "coffin": ["coffin", "open coffin", "coffin full of wine", "гроб"],
}

# The words of a starter that name its subject, in order of precedence.
STARTER_WORDS = [
    ("cyberpunk cat", "cyberpunk cat"), ("orange cat", "orange cat"), ("jacket", "black cat"),
    ("black cat", "black cat"), ("cat", "cat"), ("duck on fire", "duck on fire"),
    ("angry rubber duck", "angry duck"), ("uniform", "uniform duck"),
    ("mechanical duck", "mechanical duck"), ("duck", "duck"), ("rose", "burning rose"),
    ("hearts", "two hearts"), ("cupid", "two hearts"), ("bride", "heart"),
    ("flower made", "wilting flower"), ("mirror", "cracked mirror"), ("typewriter", "explosion"),
    ("explosion", "explosion"), ("megaphone", "explosion"), ("screaming", "screaming face"),
    ("void", "void"), ("clock", "melting clock"), ("chair", "empty chair"),
    ("skeleton", "skeleton"), ("bones", "bones with flowers"), ("skull", "skull"),
    ("fist", "fist"), ("hand", "fist"), ("lips", "lips"), ("octopus", "octopus"),
    ("snail", "snail"), ("dog", "dog"), ("umbrella", "umbrella"), ("reaper", "reaper"),
    ("crow ", "crow"), ("clown", "clown"), ("violin", "violin"), ("toad", "frog"),
    ("monkeys", "monkey"), ("coffin", "coffin"), ("fish", "fish"), ("robot", "robot"),
]
# The subjects of an open starter when nothing in its detail can be drawn.
OPEN_STARTERS = {"a surreal painting of": "eye", "a punk portrait of": "punk",
                 "a glitching image of": "television", "a strange scene showing": "door",
                 "a twisted landscape with": "landscape"}

NOUNS = [(re.compile(rf"\b{re.escape(name)}s?\b"), subject)
         for subject, names in NAMES.items() for name in names
         if name not in ("man", "hand", "face", "portrait", "time", "love", "rain", "tree",
                         "mouth")]
NOUNS.sort(key=lambda pair: -len(pair[0].pattern))

STYLE_WORDS = {
    "oil": ["oil painting", "painting", "thick brushstrokes"],
    "street": ["street art", "graffiti", "spray paint"],
    "punk": ["punk", "punk zine collage", "neon pink"],
    "dark": ["dark symbolic painting", "dark", "deep shadows"],
    "surreal": ["bold surreal art", "surreal", "saturated colors"],
}
# The suffixes of the data file in the five schools that the drawings know.
SUFFIX_STYLES = {"oil painting": "oil", "street art": "street", "punk": "punk",
                 "dark symbolic": "dark", "bold surreal": "surreal", "cubist": "surreal",
                 "social realism": "oil", "caricature": "surreal", "propaganda": "punk"}
STYLE_NAMES = {"base": "oil", "graffiti": "street", "caricature": "surreal", "propaganda": "punk",
               "pixel": "surreal"}


def suffixes():
    """Style -> suffixes that ask for it."""
    table = {style: [] for style in STYLE_WORDS}
    for entry in grammar.TABLES["suffixes"]:
        table[SUFFIX_STYLES.get(entry["kind"], "surreal")].append(entry["text"])
    for name, text in grammar.TABLES["styles"].items():
        table[STYLE_NAMES.get(name, "surreal")].append(text)
    return table


def subject_of(starter, detail=""):
    """The subject that is drawn for a reaction."""
    for word, subject in STARTER_WORDS:
        if word in starter:
            return subject
    if starter in OPEN_STARTERS:
        if starter != "a twisted landscape with":
            found = [(m.start(), -len(m.group()), subject) for pattern, subject in NOUNS
                     if (m := pattern.search(detail))]
            if found:
                return min(found)[2]
        return OPEN_STARTERS[starter]
    return "punk"  # a person: doormen, guards, philosophers


class Captions:
    """Draws captions for (subject, style) from a pool of reactions."""

    def __init__(self, seed, pool=20000):
        rng = random.Random(seed)
        self.suffixes = suffixes()
        self.endings = tuple([ending for table in (self.suffixes, STYLE_WORDS)
                              for endings in table.values() for ending in endings])
        self.reactions = {subject: [] for subject in NAMES}
        self.details = []
        for _ in range(pool):
            r = grammar.reaction(rng)
            detail = r["detail"].rstrip(".!")
            self.details.append(detail)
            self.reactions[subject_of(r["starter"], detail)].append((r["starter"], detail))

    def tells_style(self, text):
        """Whether a caption of `draw` says how to paint."""
        return text.endswith(self.endings)

    def suffix(self, style, rng):
        if rng.random() < 0.7:
            return rng.choice(self.suffixes[style])
        return ", " + rng.choice(STYLE_WORDS[style])

    def noun(self, subject, rng):
        name = rng.choice(NAMES[subject][:1] * 3 + NAMES[subject])
        plain = name.endswith("s") and subject not in ("octopus",) or not name.isascii()
        return name if plain or rng.random() < 0.3 else grammar.article(name)

    def draw(self, subject, style, rng):
        kind = rng.random()
        own = self.reactions[subject]
        if own and kind < 0.5:
            starter, detail = rng.choice(own)
            if kind < 0.06 and starter not in OPEN_STARTERS:
                detail = ""
            text = f"{starter} {detail}".strip()
            return text + (self.suffix(style, rng) if rng.random() < 0.9 else "")
        noun = self.noun(subject, rng)
        if kind < 0.68:
            return rng.choice(["{}", "{}", "{}", "draw {}", "draw me {}", "a picture of {}",
                               "I want {}"]).format(noun)
        if kind < 0.82:
            return noun + self.suffix(style, rng)
        if kind < 0.9:
            tail = rng.choice(grammar.TAILS + grammar.MOOD_TAILS["default"])
            return f"{noun} {tail}" + self.suffix(style, rng)
        opener = rng.choice(["a surreal painting of", "a punk portrait of", "a glitching image of",
                             "a strange scene showing"])
        return f"{opener} {noun}" + (self.suffix(style, rng) if rng.random() < 0.7 else "")


if __name__ == "__main__":
    captions, rng = Captions(0), random.Random(0)
    for subject in NAMES:
        print(f"{subject:20} {len(captions.reactions[subject]):5}",
              captions.draw(subject, rng.choice(list(STYLE_WORDS)), rng))
