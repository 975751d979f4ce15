"""Pieces of box drawing characters, and one-liners; see places.py for what a subject is."""

from canvas import Canvas
from places import between

LIGHT, HEAVY, DOUBLE, ROUND = "─│┌┐└┘├┤┬┴┼", "━┃┏┓┗┛┣┫┳┻╋", "═║╔╗╚╝╠╣╦╩╬", "─│╭╮╰╯├┤┬┴┼"
# up, down, left, right -> which of the eleven
JOINTS = {
    (0, 0, 1, 1): 0, (0, 0, 1, 0): 0, (0, 0, 0, 1): 0, (1, 1, 0, 0): 1, (1, 0, 0, 0): 1, (0, 1, 0, 0): 1,
    (0, 1, 0, 1): 2, (0, 1, 1, 0): 3, (1, 0, 0, 1): 4, (1, 0, 1, 0): 5, (1, 1, 0, 1): 6, (1, 1, 1, 0): 7,
    (0, 1, 1, 1): 8, (1, 0, 1, 1): 9, (1, 1, 1, 1): 10,
}  # fmt: skip


class Lines:
    """Lines along the grid; where they meet, the right joint is drawn."""

    def __init__(self, kind):
        self.kind, self.links, self.texts = kind, set(), []

    def line(self, x0, y0, x1, y1):
        dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
        x, y = x0, y0
        while (x, y) != (x1, y1):
            self.links |= {(x, y, dx, dy), (x + dx, y + dy, -dx, -dy)}
            x, y = x + dx, y + dy
        return self

    def box(self, x0, y0, x1, y1):
        return (
            self.line(x0, y0, x1, y0).line(x0, y1, x1, y1).line(x0, y0, x0, y1).line(x1, y0, x1, y1)
        )

    def put(self, x, y, text):
        self.texts.append((x, y, text))
        return self

    def canvas(self):
        c = Canvas()
        for x, y in {(x, y) for x, y, _, _ in self.links}:
            around = tuple(
                int((x, y, *d) in self.links) for d in ((0, -1), (0, 1), (-1, 0), (1, 0))
            )
            c.put(x, y, self.kind[JOINTS[around]])
        for x, y, text in self.texts:
            c.put(x, y, text)
        return c


def kind(r):
    return r.choice([LIGHT, LIGHT, HEAVY, DOUBLE, ROUND])


def window(r, s):
    lines, a, b = Lines(kind(r)), between(r, s, 3, 9), between(r, s, 1, 5)
    cols, rows = r.choice([(2, 2), (3, 2), (2, 3), (1, 2), (2, 1)])
    for i in range(cols + 1):
        lines.line(i * (a + 1), 0, i * (a + 1), rows * (b + 1))
    for j in range(rows + 1):
        lines.line(0, j * (b + 1), cols * (a + 1), j * (b + 1))
    if r.random() < 0.5:
        lines.line(-2, rows * (b + 1) + 1, cols * (a + 1) + 2, rows * (b + 1) + 1)
    return lines.canvas(), []


def maze(r, s):
    w, h = between(r, s, 3, 14), between(r, s, 2, 9)
    wide = r.choice([2, 3, 4])
    lines, seen, stack, open_ = Lines(kind(r)), {(0, 0)}, [(0, 0)], set()
    while stack:
        x, y = stack[-1]
        steps = [(dx, dy) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
                 if 0 <= x + dx < w and 0 <= y + dy < h and (x + dx, y + dy) not in seen]  # fmt: skip
        if not steps:
            stack.pop()
            continue
        dx, dy = r.choice(steps)
        seen.add((x + dx, y + dy))
        open_ |= {(x, y, x + dx, y + dy), (x + dx, y + dy, x, y)}
        stack.append((x + dx, y + dy))
    for y in range(h):
        for x in range(w):
            if (x, y, x + 1, y) not in open_ and not (x == w - 1 and y == h - 1):
                lines.line((x + 1) * wide, y * 2, (x + 1) * wide, y * 2 + 2)
            if (x, y, x, y + 1) not in open_:
                lines.line(x * wide, y * 2 + 2, (x + 1) * wide, y * 2 + 2)
    lines.line(0, 0, w * wide, 0).line(0, 2, 0, 2 * h)
    return lines.canvas(), [f"{w} by {h}"]


def house(r, s):
    c, n, h = Canvas(), between(r, s, 3, 12), between(r, s, 3, 9)
    k = kind(r)
    lines = Lines(k)
    for i in range(n):
        c.put(-1 - i, i - n, "╱").put(i, i - n, "╲")
    lines.box(-n - 1, 0, n, h)
    d = r.randint(-n + 1, max(-n + 1, n - 5))
    lines.line(d, h, d, h - 2).line(d, h - 2, d + 3, h - 2).line(d + 3, h - 2, d + 3, h)
    if h > 4:
        for x in range(-n + 1, n - 3, r.choice([5, 6])):
            lines.box(x, 1, x + 3, 2 if h < 6 else 3)
    c.cells.update(lines.canvas().cells)
    return c, []


def table(r, s):
    _c, lines, w, h = Canvas(), Lines(kind(r)), between(r, s, 6, 30), between(r, s, 2, 7)
    lines.line(0, 0, w, 0).line(2, 0, 2, h).line(w - 2, 0, w - 2, h)
    if r.random() < 0.5:
        lines.line(0, 0, 0, 1).line(w, 0, w, 1).line(0, 1, w, 1)
    if h > 3 and r.random() < 0.5:
        lines.line(2, h // 2 + 1, w - 2, h // 2 + 1)
    return lines.canvas(), []


def computer(r, s):
    lines, w, h = Lines(kind(r)), between(r, s, 8, 28), between(r, s, 3, 10)
    lines.box(0, 0, w, h)
    if w > 12 and h > 4:
        lines.box(2, 1, w - 2, h - 1)
        lines.put(4, 2, r.choice(["> run", "$ ls", "hello", "0101", "yent"]))
    m = w // 2
    lines.line(m - 1, h, m - 1, h + 2).line(m + 1, h, m + 1, h + 2).line(
        m - w // 3, h + 2, m + w // 3, h + 2
    )
    return lines.canvas(), ["monitor"]


def robot(r, s):
    lines, n, h = Lines(kind(r)), between(r, s, 3, 8), between(r, s, 3, 6)
    lines.box(-n, 0, n, h)
    eye = r.choice("ooO0@#")
    lines.put(-n // 2, h // 3 + 1, eye).put(n // 2 + n % 2, h // 3 + 1, eye)
    if h > 3:
        lines.line(-n // 2, h - 1, n // 2, h - 1)
    if r.random() < 0.6:
        lines.line(0, 0, 0, -r.randint(1, 3))
    m, t = n + r.randint(0, 3), between(r, s, 2, 7)
    lines.line(0, h, 0, h + 1).box(-m, h + 1, m, h + 1 + t)
    a = between(r, s, 2, 5)
    for d in (-1, 1):
        lines.line(d * m, h + 2, d * (m + 2), h + 2).line(
            d * (m + 2), h + 2, d * (m + 2), h + 2 + a
        )
        lines.line(d * (m // 2), h + 1 + t, d * (m // 2), h + 3 + t)
        lines.line(d * (m // 2), h + 3 + t, d * (m // 2 + 2), h + 3 + t)
    return lines.canvas(), []


def city(r, s):
    lines, x, n = Lines(kind(r)), 0, between(r, s, 3, 7)
    for _ in range(n):
        w, h = r.randint(3, 7), r.randint(3, between(r, s, 5, 18))
        lines.line(x, 0, x, -h).line(x, -h, x + w, -h).line(x + w, -h, x + w, 0)
        for y in range(-h + 1, 0, 2):
            for k in range(x + 1, x + w, 2):
                if r.random() < 0.8:
                    lines.put(k, y, r.choice(".:"))
        x += w + r.choice([0, 1, 2])
    lines.line(-2, 0, x + 2, 0)
    return lines.canvas(), []


def stairs(r, s):
    lines, n, w, h = Lines(kind(r)), between(r, s, 3, 12), r.choice([2, 3, 4]), r.choice([1, 1, 2])
    for i in range(n):
        lines.line(i * w, -i * h, i * w, -(i + 1) * h).line(
            i * w, -(i + 1) * h, (i + 1) * w, -(i + 1) * h
        )
    lines.line(n * w, -n * h, n * w, 0).line(0, 0, n * w, 0)
    c = lines.canvas()
    return c, [f"{n} steps"]


def chess_board(r, s):
    c, n = Canvas(), r.choice([4, 6, 8])
    wide, high = r.choice([(2, 1), (4, 2), (3, 1)]) if s > 0.4 else (2, 1)
    for y in range(n * high):
        for x in range(n):
            if (x + y // high) % 2:
                c.put(1 + x * wide, y, "█" * wide)
    lines = Lines(kind(r)).box(0, -1, n * wide + 1, n * high)
    c.cells.update(lines.canvas().cells)
    return c, []


SUBJECTS = {
    "window": window, "maze": maze, "house": house, "table": table, "computer": computer,
    "robot": robot, "city": city, "stairs": stairs, "chess board": chess_board,
}  # fmt: skip

EYES, MOUTHS = "^o-O*@><T.0;xu", ["_", ".", "-", "o", "v", "w", "~", "3", "___", "_o_"]
HANDS = [
    ("", ""),
    ("\\", "/"),
    ("/", "\\"),
    ("<", ">"),
    ("d", "b"),
    ("m", "m"),
    ("*", "*"),
    ("~", "~"),
]


def one_liner(r):
    """A line of text, and its title."""
    which = r.choice(
        [
            "face",
            "face",
            "cat",
            "fish",
            "rose",
            "arrow",
            "snake",
            "train",
            "caterpillar",
            "sword",
            "bear",
            "wave",
            "mouse",
            "bird",
        ]
    )
    n = r.randint(1, 12)
    eye = r.choice(EYES)
    line = {
        "face": lambda: r.choice(HANDS)[0] + "(" + eye + r.choice(MOUTHS) + eye + ")" + r.choice(HANDS)[1],
        "cat": lambda: r.choice(["=", "(", ">", "~"]) + "^" + eye + r.choice(".wvYx_") + eye + "^" + r.choice(["=", ")", "<", "~"]),
        "fish": lambda: "><" + r.choice("(){=~-") * n + eye + r.choice(">)"),
        "rose": lambda: "@" + r.choice(["}", "}}", ")", "}~"]) + "-" * (n + 1) + r.choice([">", "'", ","]) + "-" * (n // 2 + 1),
        "arrow": lambda: r.choice([">", ">>", "<", "|", "x"]) + r.choice("-=~") * (n + 2) + r.choice([">", ">>", "|>", "|"]),
        "snake": lambda: "~" * r.randint(0, 2) + r.choice("~S=") * (n + 2) + r.choice([":>", "8>", "o>", ":<", "@>"]) + r.choice(["", "-", "~"]),
        "train": lambda: "[" + eye + "]" + "-[##]" * (n // 2 + 1),
        "caterpillar": lambda: r.choice("(oO@") * (n + 3) + r.choice([":)", "8)", "'>", ":>"]),
        "sword": lambda: r.choice(["o", "@", "O", ""]) + r.choice("=#") * 2 + r.choice(["[]", "{}", "|", "+"]) + r.choice("=:-") * (n + 4) + ">",
        "bear": lambda: "(" + r.choice("'\"*") + r.choice(["(", ""]) + eye + r.choice(["(T)", "(oo)", "_", "(_)"]) + eye + r.choice([")", ""]) + r.choice("'\"*") + ")",
        "wave": lambda: (r.choice(["~^", ".-'-", "_/\\", "~-", "`-._.-'", "-=", "._.-'"]) * (n + 2)),
        "mouse": lambda: "~" * (n // 3 + 1) + r.choice(["(", "<"]) + "_" * (n // 3) + r.choice(["^", "c", "o"]) + "'" + r.choice(">."),
        "bird": lambda: r.choice(["\\", "~", "<"]) + r.choice(["(", "v", "\\"]) + eye + r.choice([")", "v", "/"]) + r.choice([">", "-", "<"]),
    }[which]()  # fmt: skip
    return line, which
