"""Yent's words: a seeded grammar of reactions.

`reaction(rng)` draws one person's line and Yent's answer to it. The answer is a concrete picture
that finishes the starter's sentence; it mocks the mood, and when the person names a topic (money,
school, the sea, ...) it is made of that topic's things. The voice is trained on these lines and
the painter learns to draw their vocabulary, so every noun here can be painted.
`roast(rng)` draws the commentator's reply instead.

`rng` is a `random.Random`; the same state gives the same reaction on every machine.
"""

import json
from pathlib import Path

TABLES = json.loads(
    (Path(__file__).resolve().parents[2] / "engine" / "yent" / "yent.json").read_text("utf-8"))
STARTERS = {mood["name"]: mood["starters"] for mood in TABLES["moods"]}
SUFFIXES = [suffix["text"] for suffix in TABLES["suffixes"]]


def words(text):
    """'red fox|blue owl' -> ['red fox', 'blue owl']: the tables below, without quote marks."""
    return [" ".join(entry.split()) for entry in text.split("|")]


# A topic is the thing that the person talks about. English names (`en`) fit after "my" or "about";
# Russian names (`ru`) are accusative, for "ненавижу ..."; `ask` are whole lines. The other lists are
# things, people and places of the topic.
TOPICS = {
    "work": dict(
        en=words("job|boss|work|office|career|meeting|deadline|manager"),
        ru=words("работу|начальника|офис|карьеру|дедлайн"),
        ask=words("""how do I get promoted|I start a new job on Monday|my boss fired me|
            I have to work on Sunday|where do you see yourself in five years|я опять на работе|
            меня уволили|как найти работу"""),
        things=words("office printer|filing cabinet|swivel chair|coffee machine|necktie|stapler"),
        plurals=words("staplers|neckties|coffee cups|paper clips|office chairs|printers"),
        people=words("middle manager|bald boss|intern|secretary|banker in a cheap suit"),
        places=words("an office corridor|a meeting room|an open-plan office|an elevator")),
    "money": dict(
        en=words("money|salary|rent|bank account|debt|mortgage|taxes"),
        ru=words("деньги|зарплату|ипотеку|налоги|долги"),
        ask=words("""how do I get rich|I need more money|can you lend me ten dollars|
            I won the lottery|buy bitcoin now|где мои деньги|как стать богатым|дай денег"""),
        things=words("piggy bank|cash machine|gold coin|wallet|safe|cash register"),
        plurals=words("""gold coins|banknotes|credit cards|piggy banks|unpaid bills|
            lottery tickets"""),
        people=words("fat banker|landlord|tax collector|millionaire in a bathrobe|pawnbroker"),
        places=words("a bank lobby|a casino|a pawn shop|a gold vault")),
    "school": dict(
        en=words("school|homework|exam|teacher|university|diploma|education"),
        ru=words("школу|домашку|экзамен|учителя|университет"),
        ask=words("""I failed my exam|help me with my homework|what should I study|
            I want to learn physics|teach me something|education matters|помоги с домашкой|
            я провалил экзамен"""),
        things=words("blackboard|school desk|globe|schoolbag|pencil|dunce cap"),
        plurals=words("textbooks|pencils|school desks|diplomas|erasers|dunce caps"),
        people=words("angry teacher|headmaster|schoolboy|professor in slippers|librarian"),
        places=words("a classroom|a library|a school gym|an exam hall")),
    "code": dict(
        en=words("code|laptop|computer|compiler|keyboard|server|bugs"),
        ru=words("код|компьютер|ноутбук|клавиатуру|сервер|баги"),
        ask=words("""my code has bugs|it works on my machine|write me a function|
            is artificial intelligence alive|are you a robot|fix this segfault|мой код не работает|
            ты робот или человек|почини программу"""),
        things=words("keyboard|server rack|floppy disk|green monitor|laptop|robot arm"),
        plurals=words("keyboards|cables|floppy disks|monitors|circuit boards|cockroaches"),
        people=words("pale programmer|robot|hacker in a hoodie|robot priest|sysadmin"),
        places=words("a server room|a data center|a basement full of monitors|a robot factory")),
    "phone": dict(
        en=words("phone|internet|followers|selfie|messages|wifi|television"),
        ru=words("телефон|интернет|подписчиков|телевизор"),
        ask=words("""nobody answers my messages|follow me on instagram|how do I go viral|
            what is on tv tonight|my wifi is slow|never gonna give you up|никто мне не пишет|
            подпишись на меня"""),
        things=words("telephone|television|selfie stick|satellite dish|smartphone|antenna"),
        plurals=words("telephones|televisions|selfie sticks|antennas|smartphones|headphones"),
        people=words("influencer|weatherman|talk show host|bored teenager|telephone operator"),
        places=words("a television studio|a phone booth|a shopping mall|an internet cafe")),
    "food": dict(
        en=words("dinner|breakfast|diet|pizza|coffee|lunch|cake"),
        ru=words("ужин|завтрак|пиццу|кофе|торт|диету"),
        ask=words("""I am hungry|what should I cook tonight|give me a recipe|I want pizza|
            coffee or tea|I am on a diet|я хочу есть|что приготовить на ужин|хочу кофе"""),
        things=words("birthday cake|frying pan|fish head|pizza|soup pot|refrigerator"),
        plurals=words("sausages|fried eggs|forks|onions|doughnuts|fish heads"),
        people=words("sweaty chef|fat butcher|waiter|pizza boy|hungry king"),
        places=words("a greasy kitchen|a fast food counter|a butcher shop|a fish market")),
    "weather": dict(
        en=words("weather|rain|summer|winter|snow|sunshine|autumn"),
        ru=words("погоду|дождь|лето|зиму|снег|осень"),
        ask=words("""what is the weather like|it is raining again|I want summer|
            it is so cold outside|winter is coming|опять дождь|когда лето|на улице холодно"""),
        things=words("umbrella|snowman|thundercloud|puddle|weather vane|rubber boot"),
        plurals=words("umbrellas|icicles|raindrops|rubber boots|thunderclouds|snowmen"),
        people=words("soaked tourist|weatherman|postman in a storm|ice cream seller|snowman"),
        places=words("a flooded street|a frozen bus stop|a muddy field|a snowy parking lot")),
    "sea": dict(
        en=words("sea|ocean|beach|holiday|boat|vacation|fish"),
        ru=words("море|океан|пляж|отпуск|рыбу"),
        ask=words("""I want to go to the sea|take me to the beach|I need a holiday|
            the ocean calls me|let us sail away|хочу на море|пора в отпуск|рыба гниет с головы"""),
        things=words("lighthouse|octopus|anchor|sunken ship|rowing boat|shark"),
        plurals=words("sharks|anchors|seagulls|beach umbrellas|crabs|fish skeletons"),
        people=words("drunk sailor|pirate|sunburnt tourist|mermaid with a cigarette|lifeguard"),
        places=words("a polluted beach|a harbor|a sinking ship|an empty swimming pool")),
    "politics": dict(
        en=words("government|president|politics|country|king|election|minister"),
        ru=words("правительство|президента|политику|страну|выборы"),
        ask=words("""revolution|who should I vote for|make the country great|power to the people|
            the ambassador is here|freedom for everyone|кто победит на выборах|власть народу|
            революция"""),
        things=words("throne|ballot box|tank|marble statue|microphone|red flag"),
        plurals=words("red flags|ballots|medals|megaphones|crowns|bronze statues"),
        people=words("""president|general|minister in pajamas|king without trousers|
            crowd of voters"""),
        places=words("a parliament|a palace balcony|a parade ground|a burning square")),
    "war": dict(
        en=words("war|army|soldiers|enemy|uniform|battle"),
        ru=words("войну|армию|врага|солдат"),
        ask=words("""peace for the whole world|the soldier came home|when will the war end|
            fight with me|мир во всем мире|когда кончится война|солдат вернулся домой"""),
        things=words("helmet|cannon|tank|trumpet|gas mask|tin soldier"),
        plurals=words("helmets|tin soldiers|boots|medals|cannons|gas masks"),
        people=words("one-legged general|tin soldier|deserter|bugler|grinning recruit"),
        places=words("a muddy trench|a ruined city|a minefield|a military parade")),
    "god": dict(
        en=words("god|religion|church|soul|prayer|angel|devil"),
        ru=words("бога|церковь|религию|душу|молитву|ангела"),
        ask=words("""is there a god|the meaning of life|pray for me|what happens after this|
            who made the world|why are we here|есть ли бог|в чем смысл жизни|зачем мы живем|
            помолись за меня"""),
        things=words("halo|church bell|candle|confession box|marble angel|golden cross"),
        plurals=words("halos|candles|church bells|plastic saints|angel wings|crosses"),
        people=words("""bald priest|bored angel|nun on a motorcycle|devil in a bathrobe|
            bearded prophet"""),
        places=words("a ruined church|a confession booth|a cemetery|a monastery garage")),
    "science": dict(
        en=words("science|physics|mathematics|brain|universe|atoms|experiment"),
        ru=words("науку|физику|математику|мозг|вселенную"),
        ask=words("""how does gravity work|what is the universe made of|two plus two|
            explain quantum physics|is anybody out there|как устроена вселенная|
            сколько будет дважды два"""),
        things=words("microscope|brain in a jar|telescope|test tube|calculator|light bulb"),
        plurals=words("test tubes|light bulbs|brains|magnets|calculators|white mice"),
        people=words("mad scientist|astronaut|laboratory mouse|one-eyed professor|robot nurse"),
        places=words("a laboratory|an observatory|a flooded lab|a museum of skulls")),
    "space": dict(
        en=words("moon|stars|rocket|planet|sun|sky|galaxy"),
        ru=words("луну|звезды|ракету|планету|солнце|небо"),
        ask=words("""take me to the moon|look at the stars|is there life on mars|
            where does the sky end|the sun is shining|хочу на луну|посмотри на звезды|
            есть ли жизнь на марсе"""),
        things=words("rusty rocket|moon|telescope|space helmet|flying saucer|satellite"),
        plurals=words("moons|satellites|rockets|stars|space helmets|flying saucers"),
        people=words("drunk astronaut|green alien|moon janitor|cosmonaut|astronaut in slippers"),
        places=words("a moon crater|a space station|an abandoned planet|a rocket factory")),
    "music": dict(
        en=words("music|song|guitar|band|concert|piano|dance"),
        ru=words("музыку|песню|гитару|группу|концерт|пианино"),
        ask=words("""sing me a song|what music do you like|I play the guitar|dance with me|
            punk is not over|спой мне песню|какую музыку ты слушаешь|потанцуй со мной"""),
        things=words("guitar|grand piano|microphone|trumpet|drum|accordion"),
        plurals=words("guitars|trumpets|drums|microphones|vinyl records|violins"),
        people=words("""punk singer|deaf conductor|drummer with eight arms|opera singer|
            street musician"""),
        places=words("a punk club|a concert stage|a karaoke bar|an opera house")),
    "art": dict(
        en=words("painting|art|poem|novel|museum|picture|film"),
        ru=words("картину|искусство|стихи|роман|музей|фильм"),
        ask=words("""draw me a picture|paint me something nice|write me a poem|is this art|
            surprise me|draw a castle|make me a masterpiece|нарисуй картину|напиши стихи|
            удиви меня|это искусство"""),
        things=words("""golden frame|easel|paint bucket|statue without a head|typewriter|
            theater mask"""),
        plurals=words("paintbrushes|golden frames|theater masks|poems|paint tubes|plaster noses"),
        people=words("blind painter|bad poet|art critic|mime|naked model with a moustache"),
        places=words("a museum|an art gallery toilet|a theater|a painter's attic")),
    "family": dict(
        en=words("mother|father|brother|sister|family|children|grandmother"),
        ru=words("маму|брата|сестру|семью|бабушку|детей"),
        ask=words("""my mother is calling|I miss my grandmother|we had a baby|
            my brother is an idiot sometimes|family dinner tonight|мама звонит|у нас родился сын|
            позвони бабушке"""),
        things=words("""baby carriage|wedding photo|rocking chair|dining table|teapot|
            family portrait"""),
        plurals=words("baby bottles|slippers|wedding photos|dirty dishes|teapots|toy trains"),
        people=words("""grandmother with a chainsaw|screaming baby|drunk uncle|mother-in-law|
            twin sister"""),
        places=words("a living room|a wedding hall|a nursery|a kitchen at midnight")),
    "friends": dict(
        en=words("friends|neighbor|party|birthday|ex|roommate|crush"),
        ru=words("друзей|соседа|вечеринку|день рождения|бывшую"),
        ask=words("""nobody came to my party|it is my birthday|my ex called|will you be my friend|
            she left me|he never called back|у меня день рождения|она ушла от меня|
            давай дружить"""),
        things=words("party hat|balloon|birthday cake|disco ball|doorbell|beer bottle"),
        plurals=words("balloons|party hats|beer bottles|paper plates|love letters|disco balls"),
        people=words("neighbor with a drill|party clown|ex-boyfriend|uninvited guest|sleepy DJ"),
        places=words("an empty party|a cheap motel|a stairwell|a balcony")),
    "sleep": dict(
        en=words("sleep|dream|bed|nightmare|alarm clock|insomnia|morning"),
        ru=words("сон|кровать|кошмар|будильник|утро"),
        ask=words("""I cannot sleep|good night|good morning|I had a strange dream|I am tired|
            wake me up|не могу уснуть|доброе утро|спокойной ночи|я устал|мне приснился сон"""),
        things=words("alarm clock|iron bed|pillow|nightcap|candle|mattress"),
        plurals=words("pillows|alarm clocks|sheep|mattresses|teeth|pajamas"),
        people=words("""sleepwalker|sheep in pajamas|night watchman|yawning judge|
            man under the bed"""),
        places=words("a bedroom|a hotel corridor|a mattress shop|a flooded bed")),
    "body": dict(
        en=words("body|face|hair|doctor|diet|gym|teeth|headache"),
        ru=words("лицо|волосы|врача|зубы|тело|спортзал"),
        ask=words("""I am fat|how do I lose weight|I have a headache|I need a doctor|
            do I look good|I go to the gym|я толстый|болит голова|мне нужен врач|как похудеть"""),
        things=words("mirror|bathtub|skeleton|dumbbell|wig|glass eye"),
        plurals=words("false teeth|wigs|dumbbells|noses|glass eyes|lips"),
        people=words("dentist|bodybuilder|surgeon with a saw|bearded lady|plastic model"),
        places=words("a dentist's office|a gym|a hospital corridor|a wig shop")),
    "city": dict(
        en=words("city|street|car|train|house|traffic|bus|apartment"),
        ru=words("город|улицу|машину|поезд|дом|метро|пробки"),
        ask=words("""where do you live|I am stuck in traffic|the train is late|I lost my keys|
            take me home|we moved to a new house|где ты живешь|поезд опоздал|я стою в пробке"""),
        things=words("traffic light|burning taxi|rusty tram|park bench|shopping cart|trash can"),
        plurals=words("traffic lights|bricks|taxis|shopping carts|pigeons|street lamps"),
        people=words("taxi driver|street sweeper|policeman|tourist with a map|pigeon lady"),
        places=words("a metro station|a traffic jam|a parking lot|a rooftop|an underpass")),
    "animals": dict(
        en=words("dog|horse|bird|animals|spider|rabbit|parrot"),
        ru=words("собаку|лошадь|птиц|паука|попугая"),
        ask=words("""draw me a dog|a horse walks into a bar|birds are singing|I saw a spider|
            walk the dog|нарисуй собаку|птицы поют|я боюсь пауков|нарисуй лошадь"""),
        things=words("birdcage|dog collar|horse in a bathtub|fish tank|stuffed bear|bone"),
        plurals=words("pigeons|spiders|rats|stuffed bears|parrots|dog bones"),
        people=words("""dog in a suit|three-headed horse|rat with a briefcase|crocodile|
            wolf in lipstick"""),
        places=words("a zoo|a circus ring|a pet shop|a barn on fire")),
    "nature": dict(
        en=words("forest|flowers|mountain|river|tree|garden|planet"),
        ru=words("лес|цветы|горы|реку|дерево|сад"),
        ask=words("""draw me a forest|flowers for you|save the planet|a river in the mountains|
            plant a tree|look at this sunset|нарисуй лес|цветы для тебя|спасите планету|
            какой закат"""),
        things=words("plastic palm|tree stump|chainsaw|garden gnome|watering can|cactus"),
        plurals=words("plastic flowers|mushrooms|garden gnomes|tree stumps|sunflowers|thorns"),
        people=words("""lumberjack|gardener with a flamethrower|mushroom picker|garden gnome|
            scarecrow"""),
        places=words("a burned forest|a garbage mountain|a plastic garden|a swamp")),
    "clothes": dict(
        en=words("dress|shoes|jacket|fashion|hat|socks|style"),
        ru=words("платье|туфли|куртку|моду|шляпу|носки"),
        ask=words("""what should I wear|I bought new shoes|do you like my dress|
            where is my other sock|что мне надеть|я купила новые туфли|где мой второй носок"""),
        things=words("wedding dress|high heel|fur coat|top hat|leather boot|washing machine"),
        plurals=words("high heels|socks|top hats|mannequins|leather boots|neckties"),
        people=words("fashion model|naked emperor|mannequin|tailor with scissors|shoe salesman"),
        places=words("a catwalk|a laundromat|a shoe shop|a closet")),
    "time": dict(
        en=words("time|future|past|youth|years|monday|history"),
        ru=words("время|будущее|прошлое|молодость|понедельник"),
        ask=words("""what time is it|I have no time|what does the future hold|tell me my fortune|
            I am getting old|monday again|который час|что меня ждет в будущем|
            опять понедельник"""),
        things=words("clock|hourglass|crystal ball|cuckoo clock|calendar|time bomb"),
        plurals=words("clocks|hourglasses|calendars|wristwatches|cuckoos|old photographs"),
        people=words("fortune teller|clockmaker|old punk|mummy|historian with a candle"),
        places=words("a clock tower|an antique shop|a waiting room|a dusty museum")),
}

# Things, people and places of no topic.
THINGS = words("""shopping cart|bathtub|vending machine|washing machine|sofa|streetlamp|mannequin|
    toilet|accordion|refrigerator|typewriter|birthday cake|garden gnome|traffic cone|piano|
    mattress|gas pump|microwave|television|umbrella|chandelier|trophy|teapot|disco ball|fish tank|
    phone booth|beer can|plastic throne|slot machine|rocking horse|trash can|wheelchair|
    cash register|bicycle|billboard""")
PLURALS = words("""televisions|umbrellas|forks|dentures|neckties|trophies|pigeons|teacups|
    garden gnomes|doll heads|beer cans|light bulbs|keyboards|violins|crowns|mirrors|sunglasses|
    chandeliers|toasters|party hats|medals|alarm clocks|plastic saints|cigarettes|fish bones|
    piano keys|telephones""")
PEOPLE = words("""bald priest|banker|clown|policeman|opera singer|mime|butcher|bureaucrat|poet|
    tax collector|rat in a suit|pigeon|pig in sunglasses|lobster|toad|landlord|weatherman|nun|
    plumber|waiter|dentist|general|magician|goat with a tie|wrestler|accountant|drunk santa|
    ballerina|cosmonaut|crocodile""")
PLACES = words("""a flooded supermarket|an abandoned metro station|a karaoke bar|
    a gas station at midnight|a car wash|a laundromat|a burning casino|a waiting room|
    a parking garage|a dirty swimming pool|an empty circus|a butcher shop|a motel bathroom|
    a rooftop full of antennas|a traffic jam|a landfill|a shopping mall|a wax museum|
    a broken elevator|a bus stop in the rain""")
PREPOSITIONS = {  # the rest take "in"
    "at": words("bus stop|gas station|fast food counter|fish market|military parade|empty party"),
    "on": words("""rooftop|balcony|parade ground|minefield|polluted beach|sinking ship|
        concert stage|catwalk|abandoned planet|garbage mountain|landfill|space station|muddy field|
        flooded bed"""),
}
ADJECTIVES = words("""rusty|cracked|burning|plastic|greasy|neon|melting|stolen|golden|headless|
    crooked|screaming|tattooed|sweaty|glowing|torn|pink|yellow|purple|green|red|black|cardboard|
    inflatable|broken|dripping|moldy|sticky|tiny|giant|upside-down|frozen|chrome|striped|wet|
    burnt""")
LIVING = words("""bald|sweaty|drunk|sobbing|grinning|tattooed|sleepy|toothless|barefoot|screaming|
    one-eyed|smoking|blushing|sunburnt|green|blue-faced|two-headed|fat|tiny|giant|naked|masked|
    cross-eyed""")
MATERIALS = words("""cigarette ash|wet newspaper|barbed wire|chewing gum|pink neon|melted plastic|
    rusty nails|broken glass|old receipts|candle wax|cassette tape|cheap lipstick|spilled wine|
    chicken bones|tin foil|dirty snow|telephone cord|burnt toast|motor oil|bubble wrap|
    razor blades|soap foam""")
CLOTHES = words("""a leather jacket|a spiked collar|a paper crown|a wedding veil|a gas mask|
    a gold chain|red boxing gloves|a cowboy hat|a pirate coat|a police helmet|steel boots|
    a fur coat|a burning tie|a pink mohawk|a bulletproof vest|a clown nose|a judge's wig|
    broken sunglasses|a general's medals""")
HELD = words("""a chainsaw|a trumpet|a dead fish|a cheap cigar|a golden fork|a cracked mirror|
    a megaphone|a burning newspaper|a bottle of ketchup|a rubber chicken|a pink balloon|
    a stolen crown""")
DOING = words("""selling {plural} to {person}|juggling {plural}|counting {plural} in the dark|
    riding {thing} through {place}|eating {plural} with a fork|begging {thing} for mercy|
    arguing with {thing}|wearing {thing} as a hat|painting {thing} red|kissing {thing}|
    hiding from {thing}|dragging {thing} across {place}|saluting {thing}|ironing {plural}|
    smoking behind {thing}|teaching {plural} to swim|knitting a scarf from {material}|
    waving {held}|wrestling {thing} {where}|giving a speech to {plural}|vomiting {plural}|
    drowning in {plural}|building a throne of {plural}|feeding {plural} to {person}|
    handcuffed to {thing}|dancing with {thing}|asleep on a pile of {plural}|marrying {thing}""")

# The endings of a picture. The mood's own endings carry the mockery.
TAILS = words("""under a bleeding pink sky|in the pouring rain|on a burning sofa|
    behind a gas station|while a pigeon laughs|while three nuns applaud|under a broken neon sign|
    in a cloud of green smoke|with a price tag on it|while the orchestra eats popcorn|
    beneath a giant yellow eye|at two in the morning|in front of a yawning jury|for a free toaster|
    with no trousers on|on a pink carpet|under a disco ball|inside a snow globe|
    beside a sleeping policeman|and calling it art|and charging admission|
    as the ceiling drips paint""")
MOOD_TAILS = {
    "sad": words("""while a tiny violin plays itself|and a pigeon steals the tissues|
        in a bathtub of tears|under a private rain cloud|with a trophy for self-pity|
        while the clowns sell tickets|as mascara floods the street|
        next to a box of wet tissues"""),
    "angry": words("""while the neighbors throw tomatoes|and stubbing its toe|
        in a puddle of hot soup|with steam from both ears|while a baby yawns|
        as a small fuse burns out|and nobody even ducks|in red paint and broken plates"""),
    "love": words("""with a receipt still attached|under cheap red neon|
        while cupid checks his watch|in a bed of parking tickets|until the roses call a lawyer|
        on a discount wedding cake|with lipstick on the teeth|
        under a heart-shaped security camera"""),
    "bored": words("""while the paint dries|and forgetting why|in front of a snoring crowd|
        next to a dead houseplant|as dust buries the sofa|under a flickering lamp|
        with a medal for yawning|while a snail overtakes"""),
    "cat": words("""with fish oil on its paws|and asking for a raise|while the dogs pay rent|
        under purple neon rain|knocking every vase down|with total contempt|
        while the mice take notes|and judging your haircut"""),
    "duck": words("""while the bathwater boils|and quacking at the moon|leaving yellow footprints|
        in a storm of soap bubbles|with murder in its eyes|while the swans call security|
        under a rain of breadcrumbs|and demanding bread"""),
    "death": words("""while worms clap politely|under a black umbrella|with a rose in its teeth|
        and the candles giggle|next to an unpaid funeral bill|as crows play poker|
        with a late fee stapled on|in a graveyard disco"""),
    "greeting": words("""with a fake plastic smile|and nobody waves back|
        next to a mat saying go home|as the doorbell catches fire|with confetti from last year|
        on a worn-out red carpet|while the parrot rolls its eyes|in a paper party hat"""),
    "default": words("""while philosophers fight over the bill|and selling the ashes|
        as a choir of toads hums|with a warranty that expired|under a crooked halo|
        while the audience checks its phones|on a stage of wet cardboard|and blaming the goat"""),
}

# The texts that follow each starter, as templates over the pools above. Each completes the sentence.
SCENE = ["{person} {doing}", "{person} {doing} {tail}", "{person} with {held} {tail}"]
THING = ["{thing} {tail}", "{thing} full of {plural} {tail}", "{thing} full of {plural}",
         "{thing} made of {material} {tail}", "{thing} and {person} {tail}"]
STUFF = ["{plural} and {material} {tail}", "{plural} {where}", "{plural} {tail}",
         "{material} and {plural} {tail}", "{plural} tied with {material}"]
SPOT = ["{place} full of {plural}", "{place} {tail}", "{place} where {person} sells {plural}",
        "{place} made of {material}"]
TOP = ["{thing} {tail}", "a pile of {plural} {tail}", "{thing} full of {plural}",
       "{thing} {where}", "a mountain of {plural} {where}"]
TARGET = ["{person} {doing}", "{person} with {held} {tail}", "{thing} {tail}", "{person} {tail}"]
LAND = ["{plural} growing from {thing}", "mountains of {plural} {tail}",
        "rivers of {material} and {plural}", "{person} {doing}",
        "trees of {material} and {plural} {tail}"]
OUTFIT = ["{clothes} and {clothes2} {tail}", "{clothes} {tail}", "{clothes} made of {plural}",
          "{clothes} made of {material} {tail}", "{thing} as a hat {tail}"]
FRAMES = {
    "a wilting flower made of": STUFF,
    "a cracked mirror reflecting": SCENE,
    "a soaked clown sitting alone under": THING,
    "a rusty violin weeping into": THING,
    "a stray dog waiting beside": TARGET,
    "a broken umbrella dancing over": TOP,
    "an explosion of broken": STUFF,
    "a screaming face melting into": THING + STUFF[:2],
    "a red fist smashing through": THING,
    "a bulldog in boxing gloves biting into": THING,
    "a burning typewriter spitting sparks at": TARGET,
    "a brass megaphone vomiting fire over": TOP + TARGET[:1],
    "a burning rose growing from": TOP,
    "two glitching hearts entangled in": STUFF,
    "a tattooed cupid shooting arrows into": TARGET,
    "a bride in combat boots kissing": TARGET,
    "a broken heart bleeding into": THING + STUFF[:2],
    "a broken heart swallowing": THING + STUFF[:2],
    "a yawning void eating": THING + STUFF[:3],
    "a clock melting over": TOP,
    "an empty chair staring at": TARGET,
    "a fat snail crawling across": TOP + SPOT[:2],
    "a grey office worker drowning in": STUFF,
    "a security guard drooling on": TOP,
    "a cyberpunk cat hacking into": THING + SPOT[:1],
    "a cat with glowing eyes staring at": TARGET,
    "a fat orange cat sitting on": TOP,
    "a one-eyed alley cat stealing": ["{plural} from {person}", "{thing} from {person}",
                                      "{plural} from {place}", "{thing} {tail}"],
    "a cat in a leather jacket sneering at": TARGET,
    "a black cat in sunglasses scratching": THING + ["{person} {tail}"],
    "an angry rubber duck wearing": OUTFIT,
    "a duck on fire walking through": SPOT,
    "a giant yellow duck crushing": THING + TARGET[:1],
    "a duck in a general's uniform shouting at": TARGET,
    "a mechanical duck laying eggs on": TOP,
    "a drunk duck driving through": SPOT,
    "a skeleton playing guitar on": TOP,
    "bones growing flowers in": SPOT + THING[1:3],
    "a hooded reaper cycling through": SPOT,
    "a grinning skull smoking over": TOP,
    "a coffin full of wine sailing across": SPOT,
    "a crow in a top hat dancing on": TOP,
    "a moustached doorman slamming the door on": TARGET,
    "a plastic mannequin waving at": TARGET,
    "a chrome toad tipping its hat to": TARGET,
    "a bouncer with neon teeth blocking": TARGET,
    "a giant hand waving a flag over": TOP + SPOT[:1],
    "a surreal painting of": SCENE + THING[:2],
    "a punk portrait of": SCENE,
    "a glitching image of": SCENE + THING[:2],
    "a strange scene showing": SCENE,
    "a twisted landscape with": LAND,
    "a fish-headed tax collector marching into": SPOT,
    "a marble statue in headphones spitting on": TARGET,
    "a bald philosopher riding a pig through": SPOT,
    "a crowd of monkeys applauding": SCENE,
}

# Things that people say. {it} is a topic's English name, {ru} a Russian one; the rest stands alone.
SAID = {
    "sad": words("""I am so sad|I feel sad|sad|I am alone|so lonely|I feel lonely tonight|
        why am I so lonely|I cry every night|I want to cry|don't cry|crying again|
        I am sad about my {it}|I cried because of my {it}|alone with my {it}|my {it} makes me cry|
        sad song|мне грустно|мне так грустно|я одинок|я так одинока|я плачу|хочу плакать|грустно|
        одиночество|печаль|опять слезы|никого рядом, одиночество|кругом печаль"""),
    "angry": words("""I hate you|I hate everything|I fucking hate everything|fuck off|fuck you|
        fuck|you are stupid|stupid machine|this is so stupid|I hate my {it}|fuck my {it}|
        stupid {it}|my {it} is fucking broken|I hate mondays|people are stupid|why do you hate me|
        ненавижу всех|я тебя ненавижу|ты тупой|иди нахуй|пиздец|ненавижу {ru}|я ненавижу {ru}|
        ты идиот|какая глупость|тупая машина|сука"""),
    "love": words("""I love you|I love you so much it hurts|you are beautiful|love|
        my heart is broken|she broke my heart|love is all you need|beautiful|what is love|
        do you love me|I love my {it}|I am in love with my {it}|my {it} is beautiful|
        such a beautiful {it}|my heart belongs to my {it}|я тебя люблю|ты красивая|
        что такое любовь|мое сердце разбито|люблю {ru}|я люблю {ru}|любовь моя|ты меня любишь|
        какая красота|любовь"""),
    "bored": words("""I am bored|bored|so bored|this is boring|nothing|I feel nothing|whatever|
        nothing matters|nothing to do|boring day|whatever you say|my {it} is boring|
        bored of my {it}|nothing about my {it} matters|you bore me|mondays are boring|мне скучно|
        скука|скучно|ничего не хочу|ничего|плевать|какая скука|пофиг|нечего делать|
        как же скучно"""),
    "cat": words("""draw me a cat|cat|I want a cat|my cat is fat|where is my cat|
        cats rule the world|the cat ate my {it}|a cat and my {it}|my cat sleeps all day|kitten|
        show me a cat|draw a cat with my {it}|cats are evil|нарисуй кота|кот|моя кошка спит|
        хочу котика|где мой кот|кошки правят миром|кот съел мой ужин|нарисуй кошку"""),
    "duck": words("""draw a duck|duck|rubber duck|ducks are great|I saw a duck|what the duck|
        the duck stole my {it}|a duck and my {it}|give me a duck|my duck is angry|quack|
        duck season|a duck with my {it}|нарисуй утку|утка|резиновая уточка|утки летят на юг|
        уточка украла хлеб|кря"""),
    "death": words("""I want to die|death|everybody dies|my dog died|god is dead|punk is dead|
        what happens when we die|my {it} is dead|death to my {it}|my {it} died today|
        are you afraid of death|dead inside|the king is dead|we all die someday|смерть|я умру|
        все умрут|что такое смерть|панк мертв|рок умер|я боюсь смерти|мы все умрем|
        мой компьютер умер"""),
    "greeting": words("""hi|hello|hey|hi there|hello Yent|hey you|hello world|hi, how are you|
        hello, who are you|hey, what's up|hello from my {it}|greetings|hello my friend|hi again|
        привет|привет, как дела|здравствуй|здравствуйте|привет, Йент|хай|привет всем|
        здравствуй, робот"""),
    "default": words("""test|who are you|what are you doing|tell me about my {it}|
        what do you think about {it}|I need a new {it}|I dream about my {it}|help me with my {it}|
        {it}|my {it} again|explain {it} to me|I lost my {it}|yes|no|ok|why|tell me a joke|
        say something|what now|help|thanks|are you there|draw something|what do you want|
        how are you|this is it|I am fine|you are wrong|кто ты|как дела|что делаешь|
        расскажи анекдот|зачем|почему|да|нет|тест|нарисуй что-нибудь|расскажи про {ru}|хочу {ru}|
        где найти {ru}|ты кто такой|помоги"""),
}
# The commentator's answers. {name} is the person's word for the topic.
ROASTS = {
    "sad": words("""cry harder, the plants are thirsty|your tears taste like cheap soup|
        even {person} stopped feeling sorry for you|sell the tears, {person} collects them|
        the violin is tired of you|go hug {thing}, it cannot run away"""),
    "angry": words("""so much fire and still no toast|careful, you will scare {thing}|
        {person} shouts better than you|your rage fits into {thing}|
        breathe, you look like {person} {doing}|bite {thing}, it will not bite back"""),
    "love": words("""save it for {person}|I have seen {thing} get better love letters|
        your heart is {thing} with a discount sticker|marry {thing}, it listens|
        romance like yours smells of {material}|kiss {person} and leave me alone"""),
    "bored": words("""watch {thing} rust, it suits you|{plural} lead a wilder life than you|
        boredom is the only thing that finds you exciting|you yawn like {person}|
        count {plural} until somebody cares|even {thing} left the room"""),
    "cat": words("""the cat already owns you and your {name}|a cat would not even knock you over|
        cats laugh at people like you|your cat told {person} everything|
        the cat traded you for {thing}"""),
    "duck": words("""quack, quack, says your career|the duck has {thing} and you have nothing|
        a rubber duck would float better than your ideas|even ducks walk away from you|
        go feed {plural} to the ducks"""),
    "death": words("""the worms have read your diary|the reaper asked for {person} instead of you|
        you would be late to your own funeral|bury it with {thing} and move on|
        death has better manners than you|your grave is {thing} with a late fee"""),
    "greeting": words("""oh look, it can type|hello and goodbye, both free of charge|
        {person} greets me better than that|wave at {thing}, I am busy|
        nobody ordered {person}|you again, and still without {thing}"""),
    "default": words("""ask {person}, I only work here|my answer is {thing}, do not thank me|
        I have seen {thing} with better ideas|put that on {thing} and burn it|
        {plural} have more taste than you|you sound like {person} {doing}|
        tell it to {thing}, it has nothing better to do|your {name} deserves {person}|
        even {person} would hang up on you|your {name} is {thing} full of {plural}"""),
}
MOODS = list(SAID)
MOOD_ODDS = [2, 2, 2, 2, 1.6, 1.3, 2, 1.4, 6]


def article(phrase):
    return ("an " if phrase[0] in "aeiou" and not phrase.startswith("one") else "a ") + phrase


def where(place):
    """'a bus stop' -> 'at a bus stop': the preposition goes by the place's own noun."""
    noun = place.split(" full ")[0].split(" at ")[0].split(" in ")[0]
    for preposition, nouns in PREPOSITIONS.items():
        if noun.endswith(tuple(nouns)):
            return f"{preposition} {place}"
    return f"in {place}"


def mood_and_said(rng):
    """Draws (mood, said, topic or None)."""
    mood = rng.choices(MOODS, MOOD_ODDS)[0]
    topic = rng.choice(list(TOPICS)) if rng.random() < 0.6 else None
    if mood == "default" and topic and rng.random() < 0.6:
        return mood, decorate(rng, rng.choice(TOPICS[topic]["ask"])), topic
    said = rng.choice([line for line in SAID[mood] if topic or "{" not in line])
    if "{" not in said:
        return mood, decorate(rng, said), None
    names = TOPICS[topic]
    said = said.format(it=rng.choice(names["en"]), ru=rng.choice(names["ru"]))
    return mood, decorate(rng, said), topic


def decorate(rng, said):
    """The same text with or without capitals and marks, as people type."""
    style = rng.random()
    if style < 0.25:
        said = said[0].upper() + said[1:]
    elif style < 0.35:
        said = said.lower()
    elif style < 0.39:
        said = said.upper()
    mark = rng.random()
    if mark < 0.15:
        said += rng.choice("!.?")
    elif mark < 0.2:
        said += rng.choice(["...", "!!!", "??", " :)"])
    return said


class Pools:
    """Fills the slots of a template, from the topic's lists if there is a topic."""

    def __init__(self, rng, mood, topic):
        self.rng, self.mood, self.topic = rng, mood, TOPICS.get(topic)

    def pick(self, kind, common, odds=0.75):
        own = self.topic and self.rng.random() < odds
        return self.rng.choice(self.topic[kind] if own else common)

    def adorned(self, noun, adjectives, odds):
        if " " in noun or self.rng.random() > odds:
            return noun
        return self.rng.choice(adjectives) + " " + noun

    def plural(self):
        return self.adorned(self.pick("plurals", PLURALS), ADJECTIVES, 0.6)

    def slots(self):
        rng = self.rng
        place = self.pick("places", PLACES)
        slots = dict(
            thing=article(self.adorned(self.pick("things", THINGS), ADJECTIVES, 0.75)),
            person=article(self.adorned(self.pick("people", PEOPLE), LIVING, 0.6)),
            plural=self.plural(), place=place, where=where(place),
            material=rng.choice(MATERIALS), held=rng.choice(HELD),
            tail=rng.choice(MOOD_TAILS[self.mood] if rng.random() < 0.6 else TAILS))
        slots["clothes"], slots["clothes2"] = rng.sample(CLOTHES, 2)
        slots["doing"] = rng.choice(DOING).format(**dict(
            slots, person=article(rng.choice(PEOPLE)), plural=self.plural(),
            thing=article(self.adorned(self.pick("things", THINGS), ADJECTIVES, 0.5))))
        return slots


def repeats(text):
    """True if a word, other than the small ones, occurs twice: 'a clown with a clown'."""
    large = [word for word in text.split() if word not in ("a", "an", "and", "the", "of", "to")]
    return len(set(large)) < len(large)


def reaction(rng, forced=0.0):
    """One exchange: {said, mood, starter, detail, suffix}. The detail has 4 to 12 words and more
    than 15 bytes; only its last character is a mark that ends a reaction. With probability `forced`
    the mood is random, as if the person had chosen it."""
    mood, said, topic = mood_and_said(rng)
    if rng.random() < forced:
        mood = rng.choice(MOODS)
    starter = rng.choice(STARTERS[mood])
    pools = Pools(rng, mood, topic)
    detail = ""
    while not 4 <= len(detail.split()) <= 12 or len(detail) <= 15 or repeats(f"{starter} {detail}"):
        detail = rng.choice(FRAMES[starter]).format(**pools.slots())
    detail += "!" if rng.random() < 0.12 else "."
    return dict(said=said, mood=mood, starter=starter, detail=detail, suffix=rng.choice(SUFFIXES))


def roast(rng):
    """The commentator's answer to the same kind of line: {said, mood, roast}."""
    mood, said, topic = mood_and_said(rng)
    pools = Pools(rng, mood, topic)
    name = rng.choice(TOPICS[topic]["en"]) if topic else "face"
    sentences = [rng.choice(ROASTS[mood if rng.random() < 0.7 else "default"])]
    if rng.random() < 0.4:
        sentences.append(rng.choice([r for r in ROASTS["default"] if r not in sentences]))
    filled = [sentence.format(name=name, **pools.slots()) for sentence in sentences]
    return dict(said=said, mood=mood, roast=" ".join(f[0].upper() + f[1:] + "." for f in filled))
