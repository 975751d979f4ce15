"""The exchanges that the project has written: exchanges/*.txt.

A block is separated by empty lines and holds what people may say and what Yent may answer:

    > how do I get rich          a line of the person's; every answer of the block fits it
    ~ money, cash, rent          words of the block's topic, for lines like "money again" (FRAMES)
    a piggy bank on crutches     a detail: finishes any starter that wants a thing ("... staring at")
    * banknotes folded into      a detail that is plural, so that it also fits "made of", "broken"
    = You? With those shoes?     a roast

`# money, two` begins the topic "money"; the blocks below belong to it. An exchange is one line with one
answer of its block. Training also sees answers of the topic's other blocks, and `spliced` ones: the
beginning of one answer with the end of another. They teach the voice to combine, not to recite."""

import json
import random
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLES = json.loads((HERE.parents[1] / "engine/yent/yent.json").read_text("utf-8"))
MOODS = {m["name"]: m["starters"] for m in TABLES["moods"]}
KEYWORDS = [(m["name"], set(m["keywords"])) for m in TABLES["moods"]]
PLURAL = ("made of", "of broken")  # starters that want several of a thing
ALL = [s for starters in MOODS.values() for s in starters]


def blocks():
    """[(said, details, plural details, roasts, topic words, topic)]"""
    found = []
    for path in sorted((HERE / "exchanges").glob("*.txt")):
        topic = None
        for part in re.split(r"\n\s*\n", path.read_text("utf-8")):
            block = ([], [], [], [], [])
            for line in part.splitlines():
                line = line.strip()
                if not line or line.startswith("#"):
                    topic = line[1:].split(",")[0].split(":")[0].strip() if line else topic
                    continue
                kind = {">": 0, "*": 2, "=": 3, "~": 4}.get(line[0], 1)
                text = line if kind == 1 else line[1:].strip()
                block[kind].extend(text.split(", ") if kind == 4 else [text])
            if block[0] and (block[1] or block[2] or block[3]):
                found.append((*block, topic or f"block {len(found)}"))
    return found


# Lines about a topic word. Only the person's side has frames; every answer was written by hand.
FRAMES = [
    "{}",
    "{}",
    "{} again",
    "I hate {}",
    "I like {}",
    "what about {}",
    "tell me about {}",
    "I am thinking about {}",
    "{} and {}",
    "the {} and the {}",
    "my {}",
    "do you like {}",
    "too much {}",
    "{} is a problem",
    "I need {}",
    "why {}",
    "no more {}",
    "{}, {} and {}",
    "yesterday there was {} and {}",
    "I dreamed of {}",
    "talk about {}",
    "everything is about {} these days",
    "{} makes me think of {}",
    "I saw {} today",
    "where is the {}",
    "give me {}",
    "I have a question about {}",
    "{} please",
    "all I want is {}",
    "nothing but {} and {} here",
]


def framed(words, rng):
    frame = rng.choice(FRAMES)
    return frame.format(*rng.sample(words, min(len(words), max(1, frame.count("{}")))))


def mood_of(said):
    words = set(re.findall(r"[^\W_]+", said.lower()))
    return next((name for name, keys in KEYWORDS if words & keys), "default")


def starter_for(said, plural, rng):
    """A starter of the line's own mood, now and then of another."""
    pool = MOODS[mood_of(said)] if rng.random() < 0.65 else ALL
    fits = [s for s in pool if plural or not s.endswith(PLURAL)]
    return rng.choice(fits or [s for s in ALL if not s.endswith(PLURAL)])


def context(lines, said, starter=""):
    """The engine's text; it begins with the space that the tokenizer puts in front."""
    return " " + "\n".join(lines).replace("{starter}", starter).replace("{words}", said)


def misspelled(rng, text):
    i = rng.randrange(len(text))
    return text[:i] + rng.choice(["", text[i] * 2]) + text[i + 1 :]


# Where an answer may be cut: before a participle or one of these words, if a thing stands before it.
CUT = re.compile(
    r"^(?P<head>(?:an?|the|one|your) (?:[\w'-]+ ){1,3}?)(?P<tail>(?:(?!(?:king|ring|wedding|thing|wing|string|morning|ceiling|"
    r"evening|nothing|building|swing|spring|sibling|duckling|living|dining|sleeping|pudding|stocking|fishing|frying|rocking|"
    r"washing|vending|knitting|boxing|wrestling|swimming|opening|waiting|meeting|earring)\b)[a-z]{2,}ing|with|in|on|under|behind|"
    r"who|that|whose|at|over|between|through|around|full of|as|"
    r"(?:[a-z]{3,}ed|worn|held|bent|torn|thrown|bitten|stuck|eaten|drawn|frozen|hung|hidden|shot|caught) (?:to|by|into|"
    r"in|on|with|from|at|for|up|out|over|under|through|like|as|around|down|inside|behind)) .+)$"
)


# No head ends in one of these: "a moth asleep" needs its own place, "a mitten waiting" its own end.
NO_END = set(
    "and of but as the a to very only from for out up off down tied asleep waiting boxing swimming living "
    "knitting sleeping fishing opening frying".split()
)


def spliced(a, b):
    """The beginning of `a` with the end of `b`, or None."""
    a, b = CUT.match(a), CUT.match(b)
    if not a or not b or a["head"].split()[-1] in NO_END:
        return None
    return a["head"] + b["tail"]


class Exchanges:
    def __init__(self):
        self.blocks = blocks()
        self.topics = {}
        for block in self.blocks:
            self.topics.setdefault(block[5], []).append(block)
        self.answering = [b for b in self.blocks if b[1]]
        # Blocks with many answers come more often.
        self.weights = [(len(b[1]) + len(b[2]) + 0.5 * len(b[3])) for b in self.blocks]

    def count(self):
        return sum(len(b[0]) * (len(b[1]) + len(b[2]) + len(b[3])) for b in self.blocks)

    def draw(self, rng):
        """(context, continuation)"""
        return self.draw_of(rng)[:2]

    def draw_of(self, rng):
        """(context, continuation, number of the block)"""
        number = rng.choices(range(len(self.blocks)), self.weights)[0]
        block = self.blocks[number]
        said = (
            framed(block[4], rng)
            if len(block[4]) > 3 and rng.random() < 0.4
            else rng.choice(block[0])
        )
        kinds = [k for k in (1, 2, 3) if block[k]]
        kind = rng.choices(kinds, [len(block[k]) * (0.5 if k == 3 else 1) for k in kinds])[0]
        answer = rng.choice(block[kind])
        if kind == 1:
            near = [b for b in self.topics[block[5]] if b[1]]
            if rng.random() < 0.2:
                answer = rng.choice(rng.choice(near)[1])
            # The beginning names the topic, the end may come from anywhere: 38 million answers of 6,000.
            for _ in range(6):
                if rng.random() < 0.1:
                    break
                others = near if rng.random() < 0.4 else self.answering
                joined = spliced(answer, rng.choice(rng.choice(others)[1]))
                if joined:
                    answer = joined
                    break
                if rng.random() < 0.5:  # one of those that cannot be cut, which are rarer for it
                    answer = rng.choice(block[1])
        x = rng.random()
        if x < 0.08 and len(said) > 3:
            said = misspelled(rng, said)
        elif x < 0.3:
            said = said[0].upper() + said[1:] + rng.choice(["", ".", "!", "?"])
        elif x < 0.34:
            said = said.upper()
        elif x < 0.38:
            said = (
                rng.choice(["well, ", "listen, ", "hey Yent, ", "Yent, ", "ok so ", "tell me: "])
                + said
            )
        elif x < 0.42:  # the last sentence counts
            said = rng.choice(rng.choice(self.blocks)[0]) + ". " + said
        if kind == 3:
            return context(TABLES["roast_context"], said), " " + answer + "\n", number
        return (
            context(TABLES["context"], said, starter_for(said, kind == 2, rng)),
            " " + answer + ".\n",
            number,
        )


def main():
    e = Exchanges()
    if len(sys.argv) > 1:  # the text that training sees, for judge/voice.py --text
        for i in range(int(sys.argv[1])):
            before, after = e.draw(random.Random(f"text {i}"))
            print(
                before.rsplit(" answers with ", 1)[-1].rsplit(":", 1)[-1].strip() + after.rstrip()
            )
        return
    lines, answers = sum(len(b[0]) for b in e.blocks), sum(len(b[1]) + len(b[2]) for b in e.blocks)
    roasts = sum(len(b[3]) for b in e.blocks)
    print(
        len(e.blocks),
        "blocks,",
        lines,
        "lines,",
        answers,
        "answers,",
        roasts,
        "roasts,",
        e.count(),
        "exchanges",
    )


if __name__ == "__main__":
    main()
