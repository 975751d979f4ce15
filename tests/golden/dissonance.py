"""dissonance.json: conversations and how a plain implementation of the rules hears each line.

python tests/golden/dissonance.py, with the standard library alone. The rules are written here once
more, from their description; only the list of emotions is read from yent.json.
"""

import json
import string
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = json.loads((HERE.parents[1] / "engine/yent/yent.json").read_text("utf-8"))


def expand(entry):
    stem, plus, name = entry.partition("+")
    return {stem + ending for ending in TABLES["endings"][name]} if plus else {entry}


EMOTIONS = {
    name: {name}.union(*(expand(entry) for entry in forms))
    for name, forms in TABLES["emotions"].items()
}

CONVERSATIONS = {
    "repeats": ["hello there"] * 6 + ["something else entirely now"] + ["hello there"] * 2,
    "one word": ["hi"] * 5 + ["no"] + ["hi"] * 3,
    "nothing said": ["", "  \t\n ", "... !? —", "who are you", "", "who are you", "«»", "who are you"],
    "emotions": [
        "I love you",
        "I hate you",
        "love love love hate",
        "she LOVES screaming, he hated crying!",
        "pain, death; beauty... and tears",
        "die",
        "kill kill kill",
    ],
    "Russian": [
        "я тебя люблю",
        "Я тебя ЛЮБЛЮ!",
        "«Любовь» — это боль; смерть и одиночество.",
        "ёж ещё умирает",
        "еж еще умирает",
        "и\u0306од",
        "йод",
        "красота кричит, крик, крики",
    ],
    "punctuation": ["don't, don't!", "don't", "(cat) [dog] {cow}", "cat-dog dog-cat", "$5 ~5~ 5$", "5"],
    "drift": [
        "tell me about the sea",
        "tell me about the sea and the wind",
        "the wind and the sea tell me about you",
        "about you",
        "you you you you you you you you",
        "you",
        "what do sailors eat for breakfast on a Sunday in the fog",
    ],
    "known words": ["one two three four"] * 3 + ["four three two one", "two one four three"] * 2,
    "a long one": [" ".join(f"word{i % 40}" for i in range(300)), "word1 word2 word3 word4"],
    "no letters": ["🔥🔥🔥", "🔥🔥🔥", "🔥", "42", "42.", "漢字 漢字"],
}


class Listener:
    def __init__(self):
        self.cloud, self.before, self.boredom = {}, set(), 0

    @staticmethod
    def words(text):
        def outer(c):
            return c in string.punctuation or unicodedata.category(c).startswith("P")

        found = []
        for field in unicodedata.normalize("NFC", text).lower().replace("ё", "е").split():
            while field and outer(field[0]):
                field = field[1:]
            while field and outer(field[-1]):
                field = field[:-1]
            if field:
                found.append(field)
        return found

    def hear(self, text):
        words = self.words(text)
        if not words:
            return 1.0
        n = len(words)
        grams = {tuple(words[i : i + k]) for k in (1, 2, 3) for i in range(n - k + 1)}
        shared = grams & self.before
        d = 1 - (len(shared) / len(grams | self.before) if self.before else 0)

        novelty = sum(self.cloud.get(w, 0) < 0.1 for w in words) / n
        entropy = len(set(words)) / n
        hits = sum(w in EMOTIONS for w in words)
        hits += sum(any(w in forms for w in words) for forms in EMOTIONS.values())
        arousal = min(1, hits / (n + 1))

        if entropy > 0.7:
            d *= 1.2
        if arousal > 0.6:
            d *= 1.15
        if novelty > 0.7:
            d *= 1.1
        if shared:
            d *= 0.7
        if d < 0.3:
            self.boredom += 1
            if self.boredom >= 2:
                d = 0.7 + 0.1 * self.boredom
        else:
            self.boredom = 0

        for w in words:
            self.cloud[w] = 1.1 * self.cloud.get(w, 0) + 0.1
        self.cloud = {w: 0.99 * c for w, c in self.cloud.items() if 0.99 * c >= 0.01}
        self.before = grams
        return min(1.0, max(0.0, d))


def main():
    table = []
    for name, lines in CONVERSATIONS.items():
        listener = Listener()
        turns = []
        for said in lines:
            d = listener.hear(said)
            heat = [min(1.5, max(0.3, 0.6 * (0.3 + 1.2 * d) + 0.4 * base)) for base in (0.8, 0, 3)]
            turns.append({"said": said, "dissonance": d, "boredom": listener.boredom, "heat": heat})
        table.append({"name": name, "turns": turns, "cloud": listener.cloud})
    text = json.dumps(table, ensure_ascii=False, indent=0)
    (HERE / "dissonance.json").write_text(text + "\n", "utf-8")


main()
