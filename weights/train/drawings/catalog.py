"""All that can be drawn: key -> Entry(draw, names, kind, weight). The first name is the usual one."""

from collections import namedtuple

from . import animals as a, people as h, things as t

Entry = namedtuple("Entry", "draw names kind weight")
CATALOG = {}


def add(kind, draw, names, weight=1.0):
    names = names.split("|")
    CATALOG[names[0]] = Entry(draw, names, kind, weight)


add("animal", a.cat, "cat|kitten|kitty|alley cat|cat with glowing eyes|кот|кошка|котик", 3)
add("animal", a.cyber_cat, "cyberpunk cat|hacker cat|neon cat")
add("animal", lambda p: a.duck(p), "duck|rubber duck|duckling|утка|уточка", 3)
add("animal", lambda p: a.duck(p, hat="#3d5a2c"), "duck in a general's uniform|duck in a uniform")
add("animal", lambda p: a.duck(p, "#b9c3cc", "#8f9aa6"), "mechanical duck|steel duck|robot duck")
add("animal", a.dog, "dog|stray dog|puppy|собака|пес", 2.5)
add("animal", a.bulldog, "bulldog in boxing gloves|bulldog")
add("animal", a.octopus, "octopus|squid|осьминог")
add("animal", a.snail, "snail|улитка")
add("animal", a.crow, "crow|raven|black bird|ворона")
add("animal", lambda p: a.crow(p, True), "crow in a top hat")
add("animal", a.pigeon, "pigeon|dove|seagull|голубь")
add("animal", a.bird, "bird|sparrow|canary|птица")
add("animal", a.fish, "fish|goldfish|fish head|рыба")
add("animal", a.shark, "shark|акула")
add("animal", a.whale, "whale|dolphin|кит")
add("animal", a.crab, "crab|lobster|краб")
add("animal", lambda p: a.frog(p), "frog|toad|жаба|лягушка")
add("animal", lambda p: a.frog(p, True), "chrome toad tipping its hat|toad in a hat")
add("animal", a.monkey, "monkey|ape|gorilla|обезьяна")
add("animal", a.bug, "bug|ladybug|beetle|insect|жук")
add("animal", a.cockroach, "cockroach|таракан")
add("animal", a.spider, "spider|паук")
add("animal", a.bat, "bat|vampire")
add("animal", a.pig, "pig|piglet|свинья")
add("animal", a.goat, "goat|коза")
add("animal", a.sheep, "sheep|lamb|овца")
add("animal", a.horse, "horse|pony|donkey|лошадь")
add("animal", a.cow, "cow|bull|корова")
add("animal", a.rat, "rat|mouse|hamster|крыса|мышь")
add("animal", a.snake, "snake|worm|python|змея")
add("animal", a.elephant, "elephant|слон")
add("animal", a.butterfly, "butterfly|moth|бабочка")
add("animal", a.bear, "bear|teddy bear|медведь")
add("animal", a.dinosaur, "dinosaur|crocodile|dragon")
for key, names, weight in (
    ("punk", "punk|punk with a mohawk|punk rocker|punk singer|панк", 2),
    ("man", "man|gentleman|neighbour|father|dad|husband|uncle", 1.5),
    ("woman", "woman|lady|mother|wife|girl|sister|aunt", 1.5),
    ("old man", "old man|grandfather|beggar|old punk|monk", 1),
    ("grandmother", "grandmother|old woman|grandma|granny", 1),
    ("banker", "banker|millionaire|landlord|rich man|investor", 1),
    (
        "office worker",
        "grey office worker|office worker|clerk|manager|businessman|lawyer|accountant|boss",
        1,
    ),
    ("politician", "politician|president|senator|minister|mayor|candidate", 1),
    ("doorman", "moustached doorman|doorman", 1),
    ("guard", "security guard|guard|night watchman", 1),
    ("policeman", "policeman|police officer|captain", 0.7),
    ("bouncer", "bouncer with neon teeth|bouncer", 1),
    ("bride", "bride in combat boots|bride", 1),
    ("king", "king|emperor with a crown", 1),
    ("queen", "queen|princess", 0.8),
    ("priest", "priest|bald priest", 1),
    ("bishop", "bishop|pope|cardinal", 0.8),
    ("nun", "nun", 0.8),
    ("soldier", "soldier|general|sergeant|recruit", 1),
    ("chef", "chef|cook|baker", 0.8),
    ("teacher", "teacher|professor|librarian|headmaster", 1),
    ("doctor", "doctor|dentist|scientist", 0.8),
    ("cowboy", "cowboy|sheriff", 0.7),
    ("devil", "devil|demon|satan", 1),
    ("angel", "angel|archangel|saint", 1),
    ("philosopher", "bald philosopher|philosopher|god|prophet", 1),
    ("sailor", "sailor|fisherman|pirate", 0.8),
    ("programmer", "programmer|hacker|coder", 1),
    ("boy", "boy|schoolboy|student|child", 0.8),
    ("poet", "poet|artist|musician|singer", 0.8),
    ("emperor", "emperor|dictator|caesar|naked emperor", 0.7),
):
    add("person", lambda p, k=key: h.person(p, **h.FIGURES[k]), names, weight)
add("person", h.face, "face|head|portrait|лицо", 2)
add("person", h.scream, "screaming face|scream|screaming man|крик", 1.5)
add("person", h.skeleton, "skeleton|скелет", 2.5)
add("person", lambda p: h.skeleton(p, True), "skeleton playing guitar|skeleton with a guitar", 1.2)
add("person", h.reaper, "hooded reaper|reaper|grim reaper|death|смерть")
add("person", h.robot, "robot|android|робот", 1.3)
add("person", h.clown, "clown|soaked clown|joker|клоун", 1.3)
add("person", h.astronaut, "astronaut|cosmonaut")
add("person", h.alien, "alien|martian")
add("person", h.ghost, "ghost|soul|spirit")
add("person", h.baby, "baby|toddler")
add("person", h.snowman, "snowman")
add("person", h.mermaid, "mermaid")
add("person", h.fish_man, "fish-headed tax collector|tax collector")
add("person", h.cupid, "tattooed cupid|cupid|cherub")
add("person", h.pig_rider, "bald philosopher riding a pig|man riding a pig")
add("person", h.statue, "marble statue in headphones|marble statue|statue|bronze statue")
add("person", h.mannequin, "plastic mannequin|mannequin|doll")
add("thing", t.heart, "heart|love|сердце|любовь", 2)
add("thing", t.broken_heart, "broken heart|heartbreak|разбитое сердце", 1.5)
add("thing", t.two_hearts, "two glitching hearts|two hearts entangled", 1.2)
add("thing", t.rose, "rose|red rose|роза", 2)
add("thing", t.flower, "flower|daisy|sunflower|цветок")
add("thing", t.wilting_flower, "wilting flower|dying flower|dead flower", 1.3)
add("thing", lambda p: t.mirror(p), "mirror|looking glass|зеркало", 1.5)
add("thing", lambda p: t.mirror(p, True), "cracked mirror|broken mirror", 1.2)
add("thing", t.explosion, "explosion|big bang|взрыв", 1.3)
add("thing", t.void, "yawning void|void|black hole|abyss|vortex|пустота", 1.3)
add("thing", t.clock, "clock|watch|wristwatch|alarm clock|pocket watch|часы", 2.5)
add("thing", t.melting_clock, "melting clock|soft watch")
add("thing", t.hourglass, "hourglass")
add("thing", t.chair, "chair|wooden chair|stool|empty chair|стул", 2.5)
add("thing", t.skull, "skull|grinning skull|череп", 1.5)
add("thing", t.bones, "bones|crossbones")
add("thing", t.bone_flowers, "bones growing flowers|skull with flowers", 1.2)
add("thing", t.bone, "bone")
add("thing", t.eye, "eye|eyeball|глаз", 1.3)
add("thing", t.television, "television|tv|tv set|screen|monitor|телевизор", 1.3)
add("thing", t.door, "door|gate|дверь")
add("thing", t.tree, "tree|twisted tree|oak|дерево")
add("thing", t.fist, "fist|red fist|raised fist|revolution|кулак|революция", 1.3)
add("thing", t.hand, "hand|giant hand|glove|рука", 1.2)
add("thing", t.lips, "lips|mouth|kiss|губы")
add("thing", lambda p: t.umbrella(p), "umbrella|parasol|зонт", 2)
add("thing", lambda p: t.umbrella(p, True), "broken umbrella")
add("thing", t.violin, "violin|rusty violin|cello|скрипка")
add("thing", t.guitar, "guitar|bass|ukulele|banjo|гитара")
add("thing", t.piano, "piano|grand piano|пианино")
add("thing", t.trumpet, "trumpet|saxophone|trombone|tuba|horn")
add("thing", t.drum, "drum|drums")
add("thing", t.megaphone, "brass megaphone|megaphone|loudspeaker")
add("thing", t.typewriter, "typewriter|burning typewriter")
add("wear", t.hat, "hat|top hat|bowler|beret", 1.2)
add("wear", t.crown, "crown|tiara", 1.2)
add("wear", t.sunglasses, "sunglasses|glasses|goggles", 1.2)
add("wear", t.helmet, "helmet", 0.8)
add("wear", t.boot, "boot|rubber boot|combat boot|boots")
add("wear", t.shoe, "shoe|sneaker|slipper|high heel|shoes|ботинок")
add("thing", t.sock, "sock|socks|stocking")
add("thing", t.trousers, "trousers|pants|jeans")
add("wear", t.tie, "tie|necktie")
add("thing", t.dress, "dress|wedding dress|gown|skirt")
add("thing", t.table, "table|desk|school desk|dining table")
add("thing", t.bed, "bed|mattress|кровать")
add("thing", t.pillow, "pillow|blanket|cushion")
add("container", t.bathtub, "bathtub|bath|tub|ванна")
add("thing", t.sofa, "sofa|couch|armchair|диван")
add("container", t.toilet, "toilet")
add("thing", t.lamp, "lamp|streetlamp|light bulb")
add("thing", t.candle, "candle|свеча")
add("thing", t.bottle, "bottle|whiskey|vodka|champagne")
add("container", t.wine_glass, "wine glass|glass|wine")
add("container", t.beer, "beer|pint")
add("thing", t.teapot, "teapot|kettle|jug")
add("container", t.cup, "cup|coffee|coffee cup|mug|tea|кофе")
add("food", t.pizza, "pizza|pancake|пицца")
add("food", t.cake, "cake|birthday cake|wedding cake|pie|торт")
add("food", t.burger, "burger|hamburger|sandwich|hot dog")
add("food", t.sausage, "sausage|bacon")
add("food", t.egg, "egg|fried egg|omelette|яйцо")
add("food", t.apple, "apple|tomato|cherry|яблоко")
add("food", t.banana, "banana|банан")
add("food", t.cheese, "cheese|butter|сыр")
add("thing", t.fork, "fork")
add("thing", t.spoon, "spoon")
add("thing", t.knife, "knife|scissors")
add("container", t.pot, "pot|soup pot|soup|bucket|soup bowl|bowl")
add("container", t.pan, "frying pan|pan")
add("thing", t.book, "book|textbook|bible|diary|notebook|книга")
add("thing", t.pencil, "pencil|crayon|pen")
add("thing", t.computer, "computer|laptop|server|keyboard|компьютер")
add("thing", t.phone, "phone|telephone|smartphone|телефон")
add("thing", t.key, "key|keys|ключ")
add("thing", t.lock, "lock|padlock|safe")
add("thing", t.coin, "coin|gold coin|penny|монета")
add("thing", t.money, "money|banknote|cash|dollar|dollars|bill|деньги")
add("thing", t.piggy_bank, "piggy bank")
add("thing", t.pistol, "pistol|gun|revolver|rifle")
add("thing", t.bomb, "bomb|grenade|dynamite|бомба")
add("vehicle", t.tank, "tank|танк")
add("thing", t.cannon, "cannon")
add("thing", t.sword, "sword|dagger|axe")
add("thing", t.flag, "flag|banner|флаг")
add("thing", t.ballot_box, "ballot box|vote|ballot")
add("thing", t.microphone, "microphone")
add("thing", t.balloon, "balloon|red balloon|шар")
add("thing", t.gift, "gift|present|gift box")
add("container", t.carton, "cardboard box|box|carton|suitcase|crate")
add("container", t.trolley, "shopping cart|cart|trolley|pram")
add("thing", t.washing_machine, "washing machine")
add("container", t.fridge, "refrigerator|fridge|wardrobe|closet")
add("thing", t.vending_machine, "vending machine|slot machine|jukebox|cash machine")
add("thing", t.gravestone, "gravestone|tombstone|grave|tomb")
add("container", t.coffin, "coffin|coffin full of wine|гроб")
add("thing", t.brain, "brain|мозг")
add("thing", t.tooth, "tooth|teeth|зуб")
add("thing", t.cross, "cross|crucifix")
add("thing", t.moon, "moon|crescent|луна", 1.2)
add("thing", t.sun, "sun|солнце")
add("thing", t.star_, "star|звезда")
add("thing", t.planet, "planet|saturn|mars|jupiter|globe")
add("vehicle", t.rocket, "rocket|spaceship|missile|ракета")
add("vehicle", t.ufo, "flying saucer|ufo")
add("thing", t.cloud, "cloud|thundercloud|rain cloud|облако")
add("thing", t.lightning, "lightning|thunderbolt|thunder")
add("place", t.house, "house|home|cottage|shop|дом", 1.2)
add("place", t.church, "church|cathedral|temple|chapel|церковь")
add("place", t.castle, "castle|palace|fortress|sandcastle")
add("place", t.city, "city|town|skyscraper|factory|город", 2)
add("place", t.tower, "tower|eiffel tower|lighthouse")
add("vehicle", t.car, "car|taxi|rusty car|limousine|машина")
add("vehicle", t.bus, "bus|school bus|van")
add("vehicle", t.train, "train|locomotive|toy train|поезд")
add("vehicle", t.bicycle, "bicycle|bike|motorcycle|велосипед")
add("vehicle", t.boat, "boat|ship|sailboat|yacht|raft|корабль")
add("vehicle", t.plane, "plane|airplane|jet")
add("thing", t.wheel, "wheel|tyre")
add("thing", t.ladder, "ladder|stairs|staircase")
add("thing", t.window, "window|окно")
add("thing", t.cactus, "cactus")
add("thing", t.mushroom, "mushroom")
add("thing", t.cigarette, "cigarette|cigar|pipe")
add("thing", t.camera, "camera")
add("thing", t.letter, "letter|envelope|postcard|bill in an envelope")
add("thing", t.newspaper, "newspaper|poster|report card|diploma")
add("container", t.trash, "trash can|garbage|dustbin|trash")
add("place", t.wave, "wave|tsunami|sea|ocean|море")
add("place", t.mountain, "mountain|volcano|гора")
add("place", t.island, "island|palm tree|beach")
add("thing", t.throne, "throne")
add("thing", t.podium, "podium|pulpit")
add("container", t.cage, "cage|birdcage")
add("thing", t.chain, "chain|chains")
add("thing", t.syringe, "syringe|thermometer")
add("thing", t.guillotine, "guillotine")
add("thing", t.fire, "fire|flames|bonfire|огонь")
add("thing", t.anchor, "anchor")
add("food", t.pear, "pear|lemon|avocado")
add("food", t.pumpkin, "pumpkin")

KEYS = list(CATALOG)
FACED = {k for k in KEYS if CATALOG[k].kind in ("animal", "person")} - {"skeleton", "ghost"}
COLORS = {
    "red": "#e01c24",
    "orange": "#f58a1c",
    "yellow": "#ffd81c",
    "green": "#2fae3c",
    "blue": "#2a62e0",
    "purple": "#8a2fd0",
    "pink": "#ff6ab8",
    "black": "#26222c",
    "white": "#f6f4f0",
    "brown": "#7a4a26",
    "grey": "#8c8f98",
    "golden": "#e8b018",
}
# Where a thing is worn by a creature that faces us: key -> (x, y, half width).
HEADS = {
    "cat": (0, -0.72, 0.42, -0.2),
    "duck": (-0.3, -0.76, 0.4, -0.46),
    "dog": (0, -0.85, 0.4, -0.2),
    "pig": (0, -0.62, 0.5, -0.18),
    "frog": (0, -0.72, 0.5, -0.52),
    "monkey": (0, -0.82, 0.45, -0.2),
    "octopus": (0, -0.95, 0.4, -0.12),
    "goat": (0, -0.72, 0.36, -0.25),
    "cow": (0, -0.7, 0.4, -0.25),
    "bear": (0, -0.78, 0.45, -0.35),
    "fish": (-0.5, -0.5, 0.35, -0.1),
    "elephant": (0, -0.82, 0.4, -0.3),
    "skeleton": (0, -0.95, 0.3, -0.66),
    "skull": (0, -0.9, 0.7, 0),
    "robot": (0, -0.7, 0.5, -0.26),
    "ghost": (0, -0.9, 0.4, -0.35),
    "pigeon": (-0.42, -0.64, 0.24, -0.45),
    "crow": (-0.32, -0.6, 0.3, -0.36),
    "rat": (-0.5, -0.3, 0.25, 0.05),
    "man": (0, -0.62, 0.46, -0.12),
    "woman": (0, -0.66, 0.48, -0.12),
    "old man": (0, -0.6, 0.46, -0.12),
    "face": (0, -0.95, 0.62, -0.18),
    "baby": (0, -0.72, 0.5, -0.1),
    "priest": (0, -0.6, 0.46, -0.12),
    "teacher": (0, -0.66, 0.5, -0.12),
    "snail": (-0.66, -0.8, 0.25, -0.72),
    "whale": (-0.4, -0.5, 0.4, 0.02),
}
