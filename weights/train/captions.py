"""Captions that say what was drawn, and scenes for the voice's own sentences.

`of_scene` describes a random scene, leaving out some of it. `of_reaction` goes the other way: it
reads a starter and a detail, as the voice writes them, and makes the scene that they ask for; words
that nothing can draw stay in the caption, so that the painter learns to pass over them."""

import random
import re
from dataclasses import replace

import exchanges
from drawings.catalog import CATALOG, COLORS
from drawings.looks import LOOKS
from drawings.places import PLACES
from drawings.scene import FIVE, OTHERS, Item, Scene, random_item, random_scene

NEGATIVE = exchanges.TABLES["negative_prompt"]
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
SUFFIX_LOOKS = {
    "oil painting": "oil",
    "street art": "street",
    "punk": "punk",
    "dark symbolic": "dark",
    "bold surreal": "surreal",
    "cubist": "cubist",
    "social realism": "realism",
    "caricature": "caricature",
    "propaganda": "propaganda",
}
STYLE_LOOKS = {
    "base": "oil",
    "graffiti": "street",
    "caricature": "caricature",
    "propaganda": "propaganda",
    "pixel": "pixel",
}
SHORT = {
    "oil": ["oil painting", "painting, thick brushstrokes"],
    "street": ["street art", "graffiti"],
    "punk": ["punk", "punk zine"],
    "dark": ["dark symbolic painting", "dark, candlelight"],
    "surreal": ["surreal art", "bold surreal"],
    "cubist": ["cubist", "cubism"],
    "realism": ["social realism"],
    "caricature": ["caricature, ink", "watercolor"],
    "propaganda": ["propaganda poster"],
    "pixel": ["pixel art", "8-bit"],
}
SUFFIXES = {look: [] for look in LOOKS}
for entry in exchanges.TABLES["suffixes"]:
    SUFFIXES[SUFFIX_LOOKS[entry["kind"]]].append(entry["text"])
for style, suffix in exchanges.TABLES["styles"].items():
    SUFFIXES[STYLE_LOOKS[style]].append(suffix)

PHRASES = {
    "on": [
        "on",
        "sitting on",
        "standing on",
        "on top of",
        "lying on",
        "dancing on",
        "sleeping on",
        "riding",
    ],
    "in": ["in", "inside", "sitting in", "drowning in", "hiding in"],
    "beside": [
        "beside",
        "next to",
        "and",
        "with",
        "staring at",
        "kissing",
        "looking at",
        "waiting beside",
        "sneering at",
        "fighting",
        "biting into",
        "shouting at",
        "talking to",
        "pointing at",
        "spitting on",
        "waving at",
        "stealing",
    ],
    "over": ["over", "above", "flying over", "floating over", "melting over"],
    "under": ["under", "below", "hiding under"],
    "holding": ["holding", "carrying", "with", "selling", "showing"],
    "juggling": ["juggling", "throwing", "juggling with"],
    "from": ["growing from", "rising from", "growing out of"],
    "through": [
        "in front of",
        "smashing through",
        "walking through",
        "crawling across",
        "driving through",
    ],
    "full of": ["full of", "filled with", "stuffed with"],
    "eating": ["eating", "biting", "licking", "swallowing", "drinking"],
}
PLACE_WORDS = {
    "rain": ["in the rain", "in pouring rain"],
    "snow": ["in the snow", "in winter"],
    "city": ["over the city", "in a big city", "at night in the city"],
    "sea": ["in the sea", "by the ocean", "on the beach"],
    "space": ["in space", "on the moon", "among the stars"],
    "forest": ["in the forest", "in a dark wood"],
    "room": ["in a room", "at home", "in a living room"],
    "desert": ["in the desert"],
    "mountains": ["in the mountains", "under the mountains"],
    "graveyard": ["in a graveyard", "at a cemetery"],
    "stage": ["on a stage", "in a theatre"],
    "street": ["in the street", "on a road", "in a parking lot"],
    "flames": ["in flames", "in hell", "in a burning world"],
}
MOOD_WORDS = {
    "happy": ["happy", "smiling", "grinning"],
    "angry": ["angry", "furious", "evil"],
    "sad": ["sad", "crying", "weeping", "soaked"],
    "screaming": ["screaming", "shouting", "terrified"],
    "sleepy": ["sleeping", "tired", "bored", "drunk"],
}
WEAR_WORDS = {
    "hat": ["wearing a hat", "in a top hat", "with a hat"],
    "crown": ["wearing a crown", "with a crown"],
    "sunglasses": ["wearing sunglasses", "in sunglasses"],
    "helmet": ["wearing a helmet", "in a helmet"],
    "tie": ["wearing a tie", "with a tie", "in a necktie"],
    "boot": ["wearing boots", "in combat boots"],
    "shoe": ["wearing red shoes"],
}
IRREGULAR = {
    "fish": "fish",
    "goldfish": "goldfish",
    "sheep": "sheep",
    "mouse": "mice",
    "man": "men",
    "woman": "women",
    "tooth": "teeth",
    "child": "children",
    "knife": "knives",
    "wife": "wives",
    "old man": "old men",
    "old woman": "old women",
    "bones": "bones",
    "policeman": "policemen",
    "snowman": "snowmen",
    "fisherman": "fishermen",
    "trousers": "trousers",
    "sunglasses": "sunglasses",
    "money": "money",
    "cash": "cash",
    "police officer": "police officers",
}


def plural(name):
    if name in IRREGULAR:
        return IRREGULAR[name]
    head = re.match(r"(.+?)( (?:of|in|with|riding|playing|growing|tipping|entangled)\b.*)?$", name)
    noun, rest = head.group(1), head.group(2) or ""
    if noun.endswith("s") and not noun.endswith(("ss", "us")):
        return name
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies" + rest
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s") + rest


def article(words):
    return (
        "an "
        if words[0] in "aeiou" and not words.startswith(("uni", "one", "euro", "ufo"))
        else "a "
    ) + words


def noun_phrase(item, rng, bare=False):
    names = CATALOG[item.key].names
    ascii_names = [n for n in names if n.isascii()]
    if (
        not bare
        and rng.random() < 0.03
        and len(ascii_names) < len(names)
        and item == Item(item.key)
    ):
        return rng.choice([n for n in names if not n.isascii()])
    name = rng.choice([names[0]] * 2 + ascii_names)
    words = [name if item.count == 1 else plural(name)]
    if item.color:
        words.insert(
            0,
            {"grey": rng.choice(["grey", "gray"]), "golden": rng.choice(["golden", "gold"])}.get(
                item.color, item.color
            ),
        )
    if item.mood != "plain":
        words.insert(0, rng.choice(MOOD_WORDS[item.mood]))
    if item.fire and rng.random() < 0.5:
        words.insert(0, rng.choice(["burning", "flaming"]))
        fire = ""
    else:
        fire = rng.choice([" on fire", " in flames"]) if item.fire else ""
    if item.melting:
        words.insert(0, "melting")
    if item.size:
        words.insert(
            0,
            {"giant": ["giant", "huge", "big"], "tiny": ["tiny", "little", "small"]}[item.size][
                rng.randrange(3)
            ],
        )
    text = " ".join(words)
    if item.count > 1:
        text = NUMBERS[item.count] + " " + text
    elif not (
        bare
        or text.split()[-1] in ("bones", "trousers", "sunglasses", "money", "cash", "lips", "boots")
        or rng.random() < 0.08
    ):
        text = article(text)
    if item.wear:
        text += " " + rng.choice(WEAR_WORDS[item.wear])
    if item.made_of:
        text += " made of " + plural(CATALOG[item.made_of].names[0])
    return text + fire


def told(item, rng, keep=0.85):
    """The item as the caption will tell it: some attributes are left out."""
    if item is None:
        return None
    out = replace(item)
    for name, plain in (("color", None), ("mood", "plain"), ("size", None)):
        if rng.random() > keep:
            setattr(out, name, plain)
    if rng.random() > 0.95:
        out.wear = None
    return out


def suffix(look, rng, must=False):
    """(text, whether the look is told)"""
    if must or rng.random() < 0.62 or look in OTHERS:
        if rng.random() < 0.75:
            return rng.choice(SUFFIXES[look]), True
        return ", " + rng.choice(SHORT[look]), True
    return "", False


def of_scene(scene, rng):
    """(caption, the scene as far as it is told; its look is None if the caption does not say it)"""
    s = replace(
        scene,
        subject=told(scene.subject, rng),
        object=told(scene.object, rng),
        extra=told(scene.extra, rng),
    )
    text = noun_phrase(s.subject, rng)
    if s.object is not None:
        text += " " + rng.choice(PHRASES[s.relation]) + " " + noun_phrase(s.object, rng)
    if s.extra is not None:
        text += rng.choice([" and ", " with "]) + noun_phrase(s.extra, rng)
    if s.place and rng.random() < 0.8:
        text += " " + rng.choice(PLACE_WORDS[s.place])
    elif s.place:
        s.place = None
    x = rng.random()
    if s.glitch:
        text = "a glitching image of " + text
    elif x < 0.08:
        text = rng.choice(["draw me ", "draw ", "a picture of ", "I want ", "paint "]) + text
    elif x < 0.2:
        text = (
            rng.choice(
                ["a surreal painting of ", "a punk portrait of ", "a strange scene showing "]
            )
            + text
        )
    tail, says = suffix(s.look, rng)
    if not says:
        s.look = None
    return text + tail, s


# Starter -> (item, relation of what follows, more fields of the scene).
STARTERS = {
    "a wilting flower made of": (Item("wilting flower"), "made of", {}),
    "a cracked mirror reflecting": (Item("cracked mirror"), "beside", {}),
    "a soaked clown sitting alone under": (Item("clown", mood="sad"), "under", {"place": "rain"}),
    "a rusty violin weeping into": (Item("violin"), "on", {}),
    "a stray dog waiting beside": (Item("dog", mood="sad"), "beside", {}),
    "a broken umbrella dancing over": (Item("broken umbrella"), "over", {}),
    "an explosion of broken": (Item("explosion"), "beside", {}),
    "a screaming face melting into": (Item("screaming face", melting=True), "on", {}),
    "a red fist smashing through": (Item("fist", color="red"), "through", {}),
    "a bulldog in boxing gloves biting into": (
        Item("bulldog in boxing gloves", mood="angry"),
        "eating",
        {},
    ),
    "a burning typewriter spitting sparks at": (Item("typewriter", fire=True), "beside", {}),
    "a brass megaphone vomiting fire over": (Item("brass megaphone", fire=True), "over", {}),
    "a burning rose growing from": (Item("rose", fire=True), "from", {}),
    "two glitching hearts entangled in": (Item("two glitching hearts"), "on", {"glitch": True}),
    "a tattooed cupid shooting arrows into": (Item("tattooed cupid"), "beside", {}),
    "a bride in combat boots kissing": (Item("bride in combat boots"), "beside", {}),
    "a broken heart bleeding into": (Item("broken heart"), "over", {}),
    "a broken heart swallowing": (Item("broken heart"), "eating", {}),
    "a yawning void eating": (Item("yawning void"), "eating", {}),
    "a clock melting over": (Item("clock", melting=True), "over", {}),
    "an empty chair staring at": (Item("chair"), "beside", {}),
    "a fat snail crawling across": (Item("snail"), "on", {}),
    "a grey office worker drowning in": (Item("grey office worker", mood="sad"), "in", {}),
    "a security guard drooling on": (Item("security guard", mood="sleepy"), "over", {}),
    "a cyberpunk cat hacking into": (Item("cyberpunk cat"), "beside", {}),
    "a cat with glowing eyes staring at": (Item("cat"), "beside", {}),
    "a fat orange cat sitting on": (Item("cat", color="orange"), "on", {}),
    "a one-eyed alley cat stealing": (Item("cat", color="grey"), "holding", {}),
    "a cat in a leather jacket sneering at": (Item("cat", color="black"), "beside", {}),
    "a black cat in sunglasses scratching": (
        Item("cat", color="black", wear="sunglasses"),
        "beside",
        {},
    ),
    "an angry rubber duck wearing": (Item("duck", mood="angry"), "under", {}),
    "a duck on fire walking through": (Item("duck", fire=True), "through", {}),
    "a giant yellow duck crushing": (Item("duck", color="yellow"), "on", {}),
    "a duck in a general's uniform shouting at": (
        Item("duck in a general's uniform", mood="angry"),
        "beside",
        {},
    ),
    "a mechanical duck laying eggs on": (Item("mechanical duck"), "on", {}),
    "a drunk duck driving through": (Item("duck", mood="sleepy"), "through", {}),
    "a skeleton playing guitar on": (Item("skeleton playing guitar"), "on", {}),
    "bones growing flowers in": (Item("bones growing flowers"), "in", {}),
    "a hooded reaper cycling through": (Item("hooded reaper"), "through", {}),
    "a grinning skull smoking over": (Item("skull", mood="happy"), "over", {}),
    "a coffin full of wine sailing across": (Item("coffin"), "on", {"place": "sea"}),
    "a crow in a top hat dancing on": (Item("crow in a top hat"), "on", {}),
    "a moustached doorman slamming the door on": (
        Item("moustached doorman", mood="angry"),
        "beside",
        {},
    ),
    "a plastic mannequin waving at": (Item("plastic mannequin"), "beside", {}),
    "a chrome toad tipping its hat to": (Item("chrome toad tipping its hat"), "beside", {}),
    "a bouncer with neon teeth blocking": (Item("bouncer with neon teeth"), "through", {}),
    "a giant hand waving a flag over": (Item("hand", size="giant"), "over", {}),
    "a surreal painting of": (None, None, {}),
    "a punk portrait of": (None, None, {}),
    "a glitching image of": (None, None, {"glitch": True}),
    "a strange scene showing": (None, None, {}),
    "a twisted landscape with": (Item("tree"), "beside", {"place": "mountains"}),
    "a fish-headed tax collector marching into": (Item("fish-headed tax collector"), "through", {}),
    "a marble statue in headphones spitting on": (Item("marble statue in headphones"), "over", {}),
    "a bald philosopher riding a pig through": (
        Item("bald philosopher riding a pig"),
        "through",
        {},
    ),
    "a crowd of monkeys applauding": (Item("monkey", count=5), "beside", {}),
}
FALLBACK = {"a punk portrait of": Item("punk")}
NAME_OF = {}
for _key, _entry in CATALOG.items():
    for _name in _entry.names:
        if _name.isascii():
            NAME_OF.setdefault(_name, (_key, 1))
            NAME_OF.setdefault(plural(_name), (_key, 3))
# What is near enough: word -> subject. Plurals follow.
NEAR = {
    "moustached doorman": "waiter barman barber tailor butler conductor postman hangman moustache",
    "woman": "widow nurse witch heiress duchess",
    "poet": "actor comedian tenor author writer novelist composer drummer guitarist violinist",
    "dog": "wolf fox pug mastiff",
    "bird": "hen chicken ostrich peacock swallow parrot rooster",
    "duck": "swan goose penguin",
    "cat": "lion tiger panther",
    "horse": "camel giraffe moose reindeer",
    "bug": "bee fly wasp ant flea",
    "chain": "rope noose handcuffs",
    "dress": "coat shirt suit jacket sweater cardigan",
    "face": "nose ear beard smile mask",
    "hand": "finger thumb arm handshake",
    "boot": "foot leg knee",
    "castle": "museum hotel",
    "house": "office bank school shop bakery prison hospital restaurant",
    "wave": "puddle river lake flood harbour",
    "lightning": "storm thunderstorm",
    "cloud": "fog wind",
    "egg": "breakfast",
    "pear": "onion potato carrot avocado tomato",
    "burger": "bread loaf bun",
    "bride in combat boots": "wedding marriage",
    "coffin": "funeral hearse undertaker",
    "cage": "jail",
    "old man": "uncle pensioner veteran sage",
    "policeman": "detective burglar thief",
    (
        "office worker" if "office worker" in CATALOG else "grey office worker"
    ): "intern secretary broker economist",
    "bottle": "vodka wine hangover",
    "mirror": "portrait photo photograph picture painting",
    "lamp": "light chandelier",
    "skull": "corpse dentist",
    "fire": "firework hell",
    "letter": "invoice receipt ticket stamp",
    "crown": "tsar",
    "ghost": "shadow memory dream",
    "man": "stranger gentleman burglar husband father brother grandfather landlord",
}
for _key, _words in NEAR.items():
    for _name in _words.split():
        NAME_OF.setdefault(_name, (_key, 1))
        NAME_OF.setdefault(plural(_name), (_key, 3))
NAME_OF.update(
    {
        "people": ("man", 3),
        "queue": ("man", 4),
        "choir": ("nun", 3),
        "audience": ("man", 5),
        "crowd": ("man", 5),
        "army": ("soldier", 4),
        "geese": ("duck", 3),
        "mice": ("rat", 3),
        "teeth": ("tooth", 3),
        "parliament": ("politician", 4),
        "family": ("man", 3),
    }
)
LONGEST = max(len(n.split()) for n in NAME_OF)
COUNT_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 5, "ten": 5, "many": 4, "pair": 2}
COLOR_WORDS = {**{c: c for c in COLORS}, "gold": "golden", "gray": "grey", "silver": "grey"}


def items_in(text, most=2):
    """The first drawable things of a sentence, with their colours and numbers."""
    words, found, i, color, number = (
        re.findall(r"[a-z]+(?:['-][a-z]+)*", text.lower()),
        [],
        0,
        None,
        1,
    )
    while i < len(words) and len(found) < most:
        for n in range(min(LONGEST, len(words) - i), 0, -1):
            hit = NAME_OF.get(" ".join(words[i : i + n]))
            if hit:
                key, count = hit
                found.append(Item(key, color, number if number > 1 else count))
                color, number, i = None, 1, i + n
                break
        else:
            if words[i] in COLOR_WORDS:
                color = COLOR_WORDS[words[i]]
            elif words[i] in COUNT_WORDS:
                number = COUNT_WORDS[words[i]]
            elif words[i] in ("a", "an", "the", "of", "with", "and"):
                color, number = None, 1
            i += 1
    return found


def of_reaction(starter, detail, rng):
    """(caption, scene) of one of the voice's sentences."""
    subject, relation, more = STARTERS[starter]
    items = items_in(detail)
    look = rng.choice(FIVE) if rng.random() < 0.55 else rng.choice(OTHERS[:4])
    s = Scene(replace(subject) if subject else None, look, seed=rng.getrandbits(48), **more)
    if s.subject is None:
        s.subject = items.pop(0) if items else FALLBACK.get(starter) or Item("eye")
        s.subject = replace(s.subject)
        relation = "beside"
        if starter == "a strange scene showing":
            s.place = rng.choice(list(PLACES))
    if items:
        s.object, s.relation = items.pop(0), relation
        if relation == "made of":
            s.subject.made_of, s.object, s.relation = s.object.key, None, None
        if items:
            s.extra = replace(items.pop(0), count=1)
    tail, _ = suffix(look, rng, must=True)
    return f"{starter} {detail}".strip() + tail, s


# The seeds of scenes: the ways there are to place, turn and pose what is drawn, and the grounds of a look. Subjects,
# colours, numbers and relations meet freely. These four differ much in size, place and side. When every picture had a
# way of its own, the shapes of a subject were not learned from 221,000 of them; of twelve ways, few from 442,000.
POSES = (1, 4, 5, 7)
# Shares of the captions: those of the voice's kind, and, of the others, those of one subject alone. Shapes are learned
# from what fills the picture. Of the latter, `USUAL` are of subjects that Yent begins with, their plain kin, and the
# commonest: they are what people see.
REACTIONS, ALONE, USUAL = 0.25, 0.5, 0.75


class Captions:
    """Samples (caption, scene to draw, scene as told) for the painter."""

    def __init__(self):
        self.details = [d for b in exchanges.blocks() for d in b[1]]
        self.plurals = [d for b in exchanges.blocks() for d in b[2]]
        begun = {item.key for item, *_ in STARTERS.values() if item}
        kin = {word for key in begun for word in key.split() if word in CATALOG}
        self.usual = sorted(begun | kin | {key for key in CATALOG if CATALOG[key].weight >= 2})

    def draw(self, rng):
        if rng.random() < REACTIONS and self.details:
            starter = rng.choice(list(STARTERS))
            pool = self.plurals if starter.endswith(exchanges.PLURAL) else self.details
            if rng.random() < 0.08:
                starter, pool = rng.choice([s for s in STARTERS if STARTERS[s][0]]), [""]
            caption, scene = of_reaction(starter, rng.choice(pool), rng)
            as_told = scene
        else:
            scene = random_scene(rng)
            if rng.random() < ALONE:
                scene.relation = scene.object = scene.extra = None
                if rng.random() < USUAL:
                    scene.subject = random_item(rng, self.usual)
            caption, as_told = of_scene(scene, rng)
        scene.seed = POSES[scene.seed % len(POSES)]
        return caption, scene, as_told


if __name__ == "__main__":
    c = Captions()
    missing = [s for m in exchanges.MOODS.values() for s in m if s not in STARTERS]
    print("starters without a picture:", missing)
    for i in range(24):
        rng = random.Random(i)
        text, drawn, as_told = c.draw(rng)
        print(
            f"{text}\n    {as_told.subject.key} {as_told.relation} {as_told.object and as_told.object.key} {as_told.extra and as_told.extra.key}"
        )
    undrawn = [d for d in c.details if not items_in(d)]
    print(
        len(undrawn), "of", len(c.details), "details have nothing that can be drawn:", undrawn[:12]
    )
