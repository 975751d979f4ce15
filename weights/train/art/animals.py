"""Animals; see places.py for what a subject is."""

from canvas import Canvas
from places import between
from things import arc_halves

EYES = ["o", "o", "O", "^", "-", "@", "*", "0", "."]


def pair(c, r, y, dx, eye=None, x=0):
    """A pair of eyes."""
    eye = eye or r.choice(EYES)
    c.put(x - dx, y, eye).put(x + dx, y, eye)
    return {"-": "asleep", "^": "happy"}.get(eye, "")


def cat_face(c, r, n, y, words):
    """A head n wide to each side, its top in row y; returns the row below it."""
    tall = max(2, round(n * 0.55))
    ear = max(1, n // 3)
    for k in range(ear):
        c.put(-n + ear - 1 - k, y - ear + 1 + k, "/").put(-n + ear + k, y - ear + 1 + k, "\\")
        c.put(n - ear + 1 + k, y - ear + 1 + k, "\\").put(n - ear - k, y - ear + 1 + k, "/")
    gap = 2 * n - 4 * ear + 1
    c.put(-n + 2 * ear, y, ("_" if r.random() < 0.5 else "-") * gap)
    c.column(-n, y + 1, tall - 1).column(n, y + 1, tall - 1)
    words.append(pair(c, r, y + 1 + (tall > 4), max(1, n // 2)))
    nose = r.choice(["Y", "v", "w", "T", "^", ".", "o"])
    c.put(0, y + 2 + (tall > 4) if tall > 2 else y + 1, nose)
    if tall > 3:
        c.middle(0, y + 3 + (tall > 4), r.choice(["'-'", "\\_/", "-^-", "'w'", "---"]))
    if n > 2:
        row = y + 2 + (tall > 4) if tall > 2 else y + 1
        mark = r.choice(["=", "-", "~", ">"])
        c.put(-n - (1 if n > 4 else 0), row, (mark if mark != ">" else ">") * (2 if n > 4 else 1))
        c.put(n, row, (mark if mark != ">" else "<") * (2 if n > 4 else 1))
    c.put(-n, y + tall, "\\" + "_" * (2 * n - 1) + "/")
    return y + tall + 1


def cat(r, s):
    c, words = (Canvas(), [])
    if s < 0.12:
        eye = r.choice(["o.o", "^.^", "-.-", "O.O", "@.@", "o_o", "^w^", "*.*", "._."])
        c.block(
            0, 0, ["/\\_/\\", f"({eye})", f"{r.choice('>(=')} {r.choice('^vwY')} {r.choice('<)=')}"]
        )
        if r.random() < 0.7:
            c.block(0, 3, ["|   |", '(" ")'] if r.random() < 0.5 else ["/   \\", "(_|_)"])
            c.block(
                5,
                3 if r.random() < 0.5 else 4,
                r.choice([["/", ""], ["__)", ""], ["~", ""], ["_/", ""]]),
            )
        return (c, ["small"])
    if s < 0.3 and r.random() < 0.5:
        w = r.randint(3, 12)
        eye = r.choice(["o o", "^ ^", "- -", "o.o", "-.-"])
        lines = [
            " /\\_/\\",
            f"( {eye} )" + "_" * w,
            f" > {r.choice('^vY')} <" + " " * w + "\\",
            "  |  " + " " * w + "  |",
            "  |_|" + "_" * (w - 2) + "|_| |",
        ]
        c.block(0, 0, lines)
        tail = r.choice(["/", "|", "~", ")"])
        for i in range(r.randint(1, 3)):
            c.put(w + 7 + (i if tail == "/" else 0), 1 - i, tail)
        return (c, ["walking"])
    n = between(r, s, 3, 11)
    y = cat_face(c, r, n, 0, words)
    if r.random() < 0.3:
        return (c, words + ["head"])
    tall = between(r, s, 2, 10)
    grow = r.choice([0, 1, 2])
    last = 0
    for i in range(tall):
        h = max(2, n - 1 + i * grow // 3)
        c.put(-h, y + i, "/" if i and h > last else "|").put(
            h, y + i, "\\" if i and h > last else "|"
        )
        last = h
    foot = y + tall
    c.put(
        -last, foot - 1, c.cells[-last, foot - 1] + "_" * (2 * last - 1) + c.cells[last, foot - 1]
    )
    k = max(1, last // 3)
    paws = r.choice(["(_)", "(,,)", '(")', "|_|", "UU"])
    c.put(-k - len(paws), foot - 1, paws).put(k, foot - 1, paws)
    if tall > 3:
        c.column(-k - len(paws) + 1, foot - 1 - tall // 2, tall // 2).column(
            k + len(paws) - 2, foot - 1 - tall // 2, tall // 2
        )
    d = r.choice([-1, 1])
    kind = r.choice(["up", "curl", "flat"])
    x = d * (last + 1)
    if kind == "up":
        h = r.randint(1, tall)
        for i in range(h):
            c.put(x + d * (i // 2), foot - 1 - i, "/" if d > 0 else "\\")
        c.put(x + d * (h // 2), foot - 1 - h, ")" if d > 0 else "(")
    elif kind == "curl":
        c.put(x if d > 0 else x - 2, foot - 1, "__)" if d > 0 else "(__").put(
            x if d > 0 else x - 1, foot - 2, "__"
        )
    else:
        t = r.randint(2, 3 + n // 2)
        c.put(x if d > 0 else x - t + 1, foot - 1, "~" * t)
    if r.random() < 0.25:
        words.append("stripes")
        for i in range(1, tall - 1, 2):
            for x in (-last + 2, last - 3):
                c.put(x, y + i, "--" if (x, y + i) not in c.cells else "")
    if r.random() < 0.2:
        c.middle(0, y, "=" * (2 * n - 3))
        c.put(0, y + (tall > 2), "o")
        words.append("a collar")
    return (c, words + ["sitting"])


def dog(r, s):
    c, words = (Canvas(), [])
    if r.random() < 0.5:
        n = between(r, s, 3, 10)
        tall = max(3, round(n * 0.7))
        c.row(-n + 1, -1, 2 * n - 1, "_")
        for i in range(tall):
            c.put(-n, i, "|" if i else "/").put(n, i, "|" if i else "\\")
        ear = max(2, round(tall * r.uniform(0.5, 0.8)))
        e = between(r, s, 1, 4)
        for d in (-1, 1):
            x = d * n
            c.put(min(x + d, x + d * e), -1, "_" * e)
            c.column(x + d * (e + 1), 0, ear)
            for i in range(ear):
                c.put(x, i, "|")
            c.put(min(x + d, x + d * e), ear - 1, "_" * e)
            c.put(x + d * (e + 1), ear - 1, "/" if d > 0 else "\\")
        words.append(pair(c, r, 1 if tall > 2 else 0, max(1, n // 2)))
        my = tall - 1
        c.row(-n + 1, tall, 2 * n - 1, "_")
        c.put(-n, tall, "\\").put(n, tall, "/")
        c.middle(0, my - (tall > 4), r.choice(["(_)", "O", "@", "(@)", "o"]))
        c.middle(0, my, "_|_" if tall > 4 else c.cells.get((0, my), "O"))
        if tall > 4:
            c.middle(0, my, r.choice(["'-+-'", "\\_|_/", "--^--"]))
        if r.random() < 0.5:
            words.append("a tongue")
            c.middle(0, tall, "U")
        if r.random() < 0.4:
            return (c, words + ["head"])
        body = between(r, s, 2, 7)
        for i in range(body):
            c.put(-n + 1, tall + 1 + i, "|").put(n - 1, tall + 1 + i, "|")
        y = tall + body
        c.row(-n + 2, y, 2 * n - 3, "_")
        if n > 3:
            c.put(-n + 1, y, "(_)").put(n - 3, y, "(_)")
        c.put(n, y - 1, r.choice(["_/", "~", ")", "/"]))
        return (c, words + ["sitting"])
    w = between(r, s, 6, 26)
    leg, head = (between(r, s, 1, 5), between(r, s, 4, 9))
    eye = r.choice(EYES)
    body = between(r, s, 1, 5)
    c.row(1, -3, head - 1, "_")
    c.put(0, -2, "/").put(head // 2, -2, eye)
    c.put(-2, -1, "@" if r.random() < 0.5 else "o")
    c.put(0, -2, "/")
    c.put(-2, -2, "__" if s > 0.2 else " _")
    c.put(-1, 0, "\\" + "_" * max(1, head // 2))
    ear = between(r, s, 1, 3, 0.4)
    c.put(head, -2, "\\")
    for i in range(ear):
        c.put(head - 1, -1 + i, "|").put(head + 1, -1 + i, "|")
    c.put(head - 1, -1 + ear, "'-'" if r.random() < 0.5 else "\\_/")
    x0, x1 = (head // 2 + 1, head + w)
    c.row(head + 2, -1, w - 2, "_")
    for i in range(body + 1):
        c.put(x0, i + 1, "|").put(x1, i, "|")
    c.put(x1, 0, "\\")
    bottom = body + 1
    c.row(x0 + 1, bottom, x1 - x0 - 1, "_").put(x1, bottom, "|")
    for i in range(leg):
        for x in (x0, x0 + 3, x1 - 3, x1):
            c.put(x, bottom + 1 + i, "|")
    y = bottom + leg
    c.put(x0, y, "|_|").put(x0 + 1, y, "_").put(x0 + 3, y, "|").put(x1 - 2, y, "__")
    for i in range(between(r, s, 1, 4)):
        c.put(x1 + i, -1 - i, "/")
    if r.random() < 0.3:
        words.append("spots")
        for _ in range(3):
            c.put(r.randint(x0 + 2, x1 - 3), r.randint(1, body), r.choice(["()", "@", "O", "#"]))
    if r.random() < 0.4:
        return (c.flipped(), words + ["standing"])
    return (c, words + ["standing"])


def fish(r, s):
    c, words = (Canvas(), [])
    if s < 0.15:
        n = r.randint(1, 6)
        body = r.choice(["))", "(", ")", "=", "><", "-", "~", "{"])
        eye = r.choice("oO'*@^.")
        text = "><" + (body * 6)[:n] + eye + r.choice([">", ")", "D"])
        c.put(0, 0, text)
        if r.random() < 0.7:
            c.put(2, -1, "_" * (n + 1)).put(
                2, 1, "-" * (n + 1) if r.random() < 0.5 else "~" * (n + 1)
            )
        if r.random() < 0.5:
            c.put(n + 5, -1, "o").put(n + 6, -2, "O" if r.random() < 0.5 else "o")
            words.append("bubbles")
        return (c.flipped() if r.random() < 0.5 else c, words)
    ry = between(r, s, 1, 6)
    rx = round(ry * r.uniform(2.4, 3.4)) + 2
    rows = 2 * ry + 1
    halves = [max(2, round(rx * (1 - ((i - ry) / (ry + 0.7)) ** 2) ** 0.5)) for i in range(rows)]
    c.body(0, -ry, halves, r.choice("_-"), None)
    n = halves[-1]
    c.row(-n + 1, ry, 2 * n - 1, "_")
    t = between(r, s, 2, 6)
    c.put(rx, 0, " ", True)
    for i in range(1, t + 1):
        c.put(rx - 1 + i, -i, "/").put(rx - 1 + i, i, "\\")
    x = rx + t
    for i in range(-t + 1, t):
        c.put(x, i, "|")
    c.put(rx, 0, ">" if r.random() < 0.4 else "X")
    eye = r.choice(["o", "O", "@", "*", "(o)" if ry > 2 else "o"])
    c.put(-rx + max(2, rx // 4), -max(0, ry // 3), eye)
    if ry > 1:
        c.put(-rx + 1, max(1, ry // 3), r.choice(["-", "_", "<", "~"]) * max(1, ry // 2))
    else:
        c.put(-rx, 0, "<")
    gill = -rx + max(3, rx // 2)
    for i in range(-max(0, ry // 2), max(0, ry // 2) + 1):
        c.put(gill, i, ")")
    scale = r.choice(["", ")", "(", "v", "^", ":", "}"])
    if scale:
        words.append("scales")
        for i in range(-ry + 1, ry):
            for x in range(gill + 2 + i % 2, halves[i + ry] - 2, 3 if scale in ")(}" else 2):
                if (x, i) not in c.cells:
                    c.put(x, i, scale)
    if r.random() < 0.7:
        f = max(1, ry // 2 + 1)
        c.put(
            -f,
            -ry - 2 if c.cells.get((0, -ry - 1)) == "_" else -ry - 1,
            "/" + r.choice("^'|\\_") * (2 * f - 1) + "\\" if f > 1 else "/^\\",
        )
    if r.random() < 0.5:
        words.append("bubbles")
        for i in range(r.randint(1, 4)):
            c.put(-rx - 2 - i % 2 - i // 3, -1 - i * 2 // 2, r.choice("oO."))
    if r.random() < 0.45:
        c = c.flipped()
    return (c, words)


def bird(r, s):
    c, words = (Canvas(), [])
    n = between(r, s, 2, 6)
    if r.random() < 0.35:
        m = between(r, s, 2, 10)
        for i in range(m):
            c.put(-1 - i, -min(i, m - 1 - i // 2) // 2 * 0 - i // 2, "\\").put(
                1 + i, -(i // 2), "/"
            )
            if i % 2:
                pass
        c.put(0, 0, "v" if s < 0.4 else "Y")
        c.put(-m - 2, -(m // 2), "_.").put(m + 1, -(m // 2), "._")
        if s > 0.4:
            c.middle(0, 1, "(" + r.choice("o^.") + ")").put(0, 2, "V")
        return (c, ["flying"])
    k = max(1, n // 2)
    c.row(-n + 1, -1, 2 * n - 1, "_")
    for i in range(k + 1):
        c.put(-n, i, "(" if k == 1 else "|/"[i == 0]).put(
            n, i, "" if i == k else "\\" if i == 0 else "|"
        )
    c.put(-n // 2 - (n < 3), 0 if k < 2 else 1, r.choice(["o", "O", "@", "^", "-"]))
    c.put(-n - len("<") - (s > 0.5), k if k > 1 else 0, "<" if s <= 0.5 else "<=")
    w, h = (between(r, s, 4, 16), between(r, s, 2, 7))
    x, y = (-n, k + 1)
    c.put(n, k, "'" + "-" * (w - 3) + ".")
    for i in range(h):
        left = x + i * i // (h + 2)
        right = n + w - i * i // h
        c.put(left, y + i, "\\" if i and left > x else "|").put(right, y + i, "/" if i else ")")
    left, right = (x + (h - 1) ** 2 // (h + 2), n + w - (h - 1) ** 2 // h)
    c.row(left + 1, y + h - 1, right - left - 1, "_")
    wing = max(2, w // 2)
    c.put(n - 1, y + h // 3, "(" if h < 4 else "\\")
    c.put(
        n, y + h // 3 + (h > 3), r.choice(["~", "-", "_", "="]) * wing + ")" if wing > 2 else "_)"
    )
    if h > 4:
        c.put(n, y + h // 3, "'" * (wing - 1))
    for i in range(between(r, s, 1, 4)):
        c.put(n + w + 1 + i, y - 1 - i + 1, "/")
    if r.random() < 0.6:
        c.put(n + w + 1, y + 1 if h > 2 else y, "=" * between(r, s, 1, 4))
    legs = between(r, s, 1, 4)
    m = (left + right) // 2
    for i in range(legs):
        c.put(m - 1, y + h + i, "|").put(m + 1 + n // 2, y + h + i, "|")
    if legs:
        c.put(m - 2, y + h + legs - 1, "_|").put(m + n // 2, y + h + legs - 1, "_|")
    if r.random() < 0.4:
        words.append("on a branch")
        c.put(left - 4, y + h + legs, ("=" if r.random() < 0.5 else "-") * (right - left + 10))
        words.append("standing")
    return (c.flipped() if r.random() < 0.5 else c, words)


def owl(r, s):
    c, n = (Canvas(), between(r, s, 3, 10))
    k = max(1, n // 3)
    h = max(2, n // 2)
    for i in range(k):
        c.put(-n, -k + i, ",/|"[min(i, 2) if k > 1 else 0]).put(
            n, -k + i, ".\\|"[min(i, 2) if k > 1 else 0]
        )
    c.put(-n + 1, 0, ("_" if r.random() < 0.5 else "-") * (2 * n - 1))
    c.put(-n, 0, "(" if h < 3 else "/").put(n, 0, ")" if h < 3 else "\\")
    eye = r.choice(["o", "O", "@", "*", "0", "-", "^"])
    big = n > 5
    for d in (-1, 1):
        x = d * (n // 2)
        if big:
            c.middle(x, 1, ".-.").middle(x, 2, f"({eye})").middle(x, 3, "'-'")
        else:
            c.put(x, 1, eye)
    face = 4 if big else 2
    for i in range(1, face):
        c.put(-n, i, "(" if i == 1 and (not big) else "|").put(
            n, i, ")" if i == 1 and (not big) else "|"
        )
    c.put(0, 2 if big else 1, r.choice("vV"))
    y = face
    tall = between(r, s, 2, 9)
    feather = r.choice(['"', "v", "^", "~", ":", "'", "u", ")"])
    for i in range(tall):
        inset = max(0, i - tall + n // 2 + 1) if i > tall // 2 else 0
        c.put(-n + inset, y + i, "\\" if inset else "|").put(
            n - inset, y + i, "/" if inset else "|"
        )
        wing = max(1, n // 3)
        if n > 4:
            c.put(-n + wing + inset, y + i, "|" if not inset else "\\").put(
                n - wing - inset, y + i, "|" if not inset else "/"
            )
        for x in range(-n + wing + inset + 2, n - wing - inset - 1, 2):
            c.put(x + i % 2 if x + i % 2 < n - wing - inset - 1 else x, y + i, feather)
        last = inset
    e = n - last
    c.row(-e + 1, y + tall, 2 * e - 1, "-")
    c.put(-max(1, e // 2) - 1, y + tall, r.choice(['"', "w", "m", "^"]) * 2).put(
        max(1, e // 2), y + tall, '"' * 2
    )
    words = []
    if r.random() < 0.5:
        words.append("on a branch")
        c.put(-n - 3, y + tall + 1, r.choice("=-~") * (2 * n + 7))
    return (c, words)


def duck(r, s):
    c, words = (Canvas(), [])
    if s < 0.15:
        eye = r.choice("o^.-'")
        c.block(
            0,
            0,
            r.choice(
                [
                    ["  _", f"<({eye})___", " ( ._> /", "  `---'"],
                    [" __", f"<({eye} )___", " ( ._> /", "  `---'"],
                    ["   _", f"__({eye})<", "\\___)"],
                ]
            ),
        )
        if r.random() < 0.6:
            words.append("water")
            c.put(
                -1,
                4 if (0, 3) in c.cells or (2, 3) in c.cells else 3,
                r.choice("~^-") * r.randint(9, 14),
            )
        return (c.flipped() if r.random() < 0.4 else c, words)
    n = between(r, s, 2, 6)
    hr = max(1, n // 2)
    c.oval(0, 0, n, hr, r.choice("_-"))
    c.put(-n // 2, 0 if hr < 2 else -1, r.choice(["o", "O", "^", "@", "-"]))
    b = between(r, s, 1, 4)
    y = 0 if hr < 2 else 1
    if b > 1:
        c.put(-n - b - 1, y - (b > 1), "_" * (b + 1))
    c.put(-n - b - 1, y, "<" + r.choice("-=_") * b)
    neck = between(r, s, 0, 3)
    by = hr + 1 + neck
    w, h = (between(r, s, 6, 22), between(r, s, 2, 6))
    for x in range(-n + 2, n - 1):
        c.put(x, hr, " ", True)
    for i in range(neck):
        c.put(-n + 1, hr + 1 + i, "|").put(n - 1, hr + 1 + i, "|")
    c.put(n - 1, by - 1, "'" if neck else "")
    x1 = n - 1 + w
    c.put(n, by - 1, "_" * max(1, w - 3))
    for i in range(h):
        left = -n - (1 if 0 < i < h - 1 and h > 3 else 0) + max(0, i - h // 2)
        right = x1 - i
        c.put(
            left, by + i, "(" if h < 3 else "/" if i == 0 else "|" if i < h // 2 + 1 else "\\"
        ).put(right, by + i, "/")
        c.clear(left + 1, by + i, right - 1, by + i)
    c.row(left + 1, by + h - 1, right - left - 1, "_")
    if r.random() < 0.8:
        c.put(x1 - 1, by - 1, "/")
    c.put(x1 - 2, by - 1, "_")
    if r.random() < 0.4:
        c.put(x1 + 1, by - 1, "|")
    wx = max(1, w // 4)
    c.put(wx - 1, by + h // 3, "(" if h < 4 else "\\").put(
        wx, by + h // 3 + (h > 3), r.choice("_-~=") * max(2, w // 2 - 1) + r.choice(")>/")
    )
    if r.random() < 0.6:
        words.append("water")
        t = r.choice(["~", "~^", "~-", "^~~"]) * 40
        for k in range(r.randint(1, 2)):
            c.put(-n - 4 + k, by + h + k, t[: x1 + n + 7 - 2 * k])
    else:
        for x in (0, w // 3 + 1):
            c.put(x, by + h, "|").put(x - 1, by + h + 1, "_|" if s < 0.5 else "/|\\")
    return (c.flipped() if r.random() < 0.4 else c, words)


def rabbit(r, s):
    c, words = (Canvas(), [])
    if s < 0.15:
        eye = r.choice(["o.o", "'.'", "-.-", "^.^", "x.x", "o_o", "._."])
        c.block(
            0,
            0,
            [
                "(\\(\\" if r.random() < 0.5 else "(\\_/)",
                f"({eye})",
                r.choice(['(")(")', 'o(")(")', "(> <)", "(>*<)", "/>  <"]),
            ],
        )
        return (c, ["small"])
    n = between(r, s, 2, 8)
    ear = between(r, s, 2, 8)
    gap = max(1, n // 2)
    r.random() < 0.3 and ear > 3
    for d in (-1, 1):
        x = d * (gap + 1)
        fat = 1 if n < 4 else 2
        c.row(x - fat + 1, -ear - 2, 2 * fat - 1, "_")
        for i in range(ear + 1):
            c.put(
                x - fat, -ear - 1 + i, "(" if i == 0 and fat == 1 else "/" if i == 0 else "|"
            ).put(x + fat, -ear - 1 + i, ")" if i == 0 and fat == 1 else "\\" if i == 0 else "|")
            if fat > 1 and 0 < i < ear and (r.random() < 0.8):
                c.put(x, -ear - 1 + i, r.choice("||:"))
    h = max(2, round(n * 0.6))
    halves = [n + 1] + [n + 2] * max(1, h - 2) + [n + 1]
    c.body(0, 0, halves, None, "_")
    words.append(pair(c, r, 0 if h < 3 else 1, max(1, n // 2 + 1)))
    c.put(0, 1 if h < 3 else 2, r.choice(["Y", "v", "x", "T", "w", "."]))
    if h > 3:
        c.middle(0, 3, r.choice(["\\_/", "'-'", '"""', "_|_"]))
    if n > 3:
        c.put(-n, 2 if h > 2 else 1, "=").put(n, 2 if h > 2 else 1, "=")
    if r.random() < 0.75:
        y = len(halves)
        b = between(r, s, 1, 6)
        m = n + 1 + (n > 3)
        bh = [m] + [m + 1] * b + [m]
        c.body(0, y, bh, None, "_")
        paw = r.choice(['(")', "(_)", "()", "|_|"])
        c.put(-m + 1, y + len(bh) - 1, paw).put(m - len(paw), y + len(bh) - 1, paw)
        if b > 2:
            c.middle(0, y + b // 2, r.choice(["( )", "o", "* *", "(___)"])[: 2 * m - 1])
        c.put(m + 2, y + len(bh) - 2 if len(bh) > 1 else y, r.choice(["@", "O", "*", "o"]))
        words.append("sitting")
    return (c, words)


def mouse(r, s):
    c = Canvas()
    n = between(r, s, 2, 7)
    w, h = (between(r, s, 6, 22), between(r, s, 2, 7))
    halves = [max(2, round(w / 2 * (1 - ((h - 1 - i) / h) ** 2) ** 0.5)) for i in range(h)]
    c.body(0, 0, halves, "_", "_")
    x = -halves[-1]
    c.put(x - 2 if s > 0.3 else x - 1, h - 1, "<_" if s > 0.3 else "<").put(
        x - 3 if s > 0.3 else x - 2, h - 1, r.choice("o.*")
    )
    er = 1 if s < 0.5 else 2
    ex = x + halves[-1] // 3
    if er > 1:
        c.oval(ex, -er + (h > 3), er, max(0, er - 1) or 0, "_")
    else:
        c.block(ex - 1, -1 + (h > 3), ["_", "(_)"][1:]).put(ex, -2 + (h > 3), "_")
    c.put(x + 2, h - 2 if h > 2 else h - 1, r.choice("o.*@-"))
    t = between(r, s, 3, 14)
    kind = r.choice(["~", "-", "_", "curl"])
    e = halves[-1] + 1
    if kind == "curl":
        c.put(e, h - 1, "_" * t).put(e + t, h - 1, ")").put(
            e + t - 3 if t > 3 else e, h - 2, "(__" if t > 3 else "_"
        )
    else:
        c.put(e, h - 1, kind * t)
    c.put(-halves[-1] // 2, h, r.choice(['"', "u", "w", "^"]) * 2).put(halves[-1] // 2, h, '"' * 2)
    if n > 3:
        c.put(x - 5, h - 2, "=")
    words = []
    if r.random() < 0.35:
        words.append("cheese")
        c.block(x - 11, h - 3, ["  __.", " /o |", "/_o_|"])
    return (c.flipped() if r.random() < 0.5 else c, words)


def snake(r, s):
    c, turns = (Canvas(), between(r, s, 1, 5))
    x = 0
    w = between(r, s, 4, 9)
    for k in range(turns):
        c.put(x + 1, -1, "_" * (w - 2))
        c.put(x, 0, "/" + " " * (w - 2) + "\\")
        if w > 4:
            c.put(x + 2, 0, "_" * (w - 4) if w > 5 else "_")
            c.put(x + 1, 1, "/" + " " * (w - 4) + "\\")
        c.put(x, 1, "/").put(x + w - 1, 1, "\\")
        x += w - 1
        if k < turns - 1:
            c.put(x, 2, "\\" + "_" * max(1, w - 5) + "/")
            c.put(x + 1, 1, " " * max(1, w - 5))
            x += max(1, w - 5) + 1
    end = x
    head = r.choice(["o", "O", "@", "*", "."])
    hw = between(r, s, 2, 5, 0.5)
    c.put(-hw - 1, 1, "_" * (hw + 1))
    c.put(-hw - 2, 2, "(" + head).put(-hw - 5, 2, r.choice([">-", "<-", "~~", "Y-"]))
    c.put(-hw - 2, 3, "\\" + "_" * (hw + 2) + "/")
    if w > 4:
        c.put(2, 2, "/")
    else:
        c.put(2, 2, "/")
    c.put(end - 1, 2, "\\").put(end + 1, 2, "\\")
    t = between(r, s, 1, 6)
    c.put(end + 2, 3, "_" * t + r.choice([">", "-", ".", "~"])).put(end, 3, "\\").put(
        end + 1, 3, "_"
    )
    return (c.flipped() if r.random() < 0.5 else c, [])


def snail(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    ry = max(1, n // 2)
    c.oval(0, 0, n, ry, r.choice("_-"))
    k = n - 2
    m = ry - 1
    while k >= 1 and m >= 0:
        if k > 2 and m > 0:
            c.put(-k + 1, -m, "." + "-" * (2 * k - 3) + ".")
            for i in range(-m + 1, m):
                c.put(-k, i, "|" if abs(i) < m else "").put(k, i, "|")
            if k > 2:
                c.put(-k + 2, m, "'" + "-" * (2 * k - 4) + "'")
        else:
            c.middle(0, 0, r.choice(["@", "(o", "6", "o"]))
        k -= 3
        m -= 2 if m > 2 else 1
    c.put(0, 0, c.cells.get((0, 0), "@"))
    base = ry + 1
    left = n + between(r, s, 3, 9)
    c.put(-left, base, "(" + "_" * (left + n + between(r, s, 2, 6)) + r.choice([">", ")", "-"]))
    up = between(r, s, 1, 5)
    for i in range(up):
        c.put(-left, base - 1 - i, "|").put(-left + 3, base - 1 - i, "|" if i < up else "")
    top = base - up
    c.put(-left, top - 1, "\\").put(-left + 3, top - 1, "/")
    eye = r.choice("o@O.*")
    c.put(-left - 1, top - 2, eye).put(-left + 4, top - 2, eye)
    if up > 1:
        c.put(-left + 1, base - 1, r.choice(["u", "v", "_", "w"]))
    if up > 2:
        c.put(-left + 1, top, "__" if up > 1 else "..")
    return (c.flipped() if r.random() < 0.5 else c, [])


def butterfly(r, s):
    c, n = (Canvas(), between(r, s, 2, 12))
    h1, h2 = (max(1, n // 2), max(1, n // 3))
    body = r.choice("|8H:#")
    spot = r.choice(["o", "O", "()", "*", "@", "'", ""])
    c.put(-1, -h1 - 1, "\\").put(1, -h1 - 1, "/")
    if s > 0.4:
        c.put(-2, -h1 - 2, r.choice("o._")).put(2, -h1 - 2, r.choice("o._"))
    for d in (-1, 1):

        def put(x, y, t):
            t = t if d > 0 else t[::-1].translate(str.maketrans("/\\()", "\\/)("))
            c.put(x if d > 0 else -x - len(t) + 1, y, t)

        put(2, -h1 - 1, "")
        c.row(3 if d > 0 else -2 - n + 1, -h1 - 1, n - 1, "_")
        for i in range(h1 + 1):
            y = -h1 + i
            put(1 if i > h1 // 2 else 2, y, "/" if i == 0 else "")
            edge = n + 2 - (1 if i == 0 else 0)
            put(edge, y, "\\" if i == 0 else "|" if i < h1 else "/")
            if i and spot and (n > 3) and (i < h1):
                put(n // 2 + 1, y, spot if len(spot) < n - 2 else "o")
        c.row(2 if d > 0 else -1 - (n - 1), 0, n - 1, "_")
        for i in range(h2 + 1):
            edge = max(2, n - i)
            put(edge, 1 + i, "\\" if i == 0 else "/" if i else "")
            put(1 + (i > 0) * min(i, edge - 1), 1 + i, "" if i == 0 else "\\")
            if spot and i == 0 and (n > 4):
                put(n // 2, 1, spot[0])
        edge = max(2, n - h2)
        low = 1 + min(h2, edge - 1)
        c.row(low + 1 if d > 0 else -edge + 1, 1 + h2, edge - low - 1, "_")
    for y in range(-h1, 2 + h2):
        c.put(0, y, body)
    return (c, ["spots"] if spot else [])


def spider(r, s):
    c, n = (Canvas(), between(r, s, 2, 7))
    ry = max(1, n // 2)
    thread = between(r, s, 0, 9)
    c.oval(0, 0, n, ry, r.choice("_-"))
    top = -ry - (1 if (0, -ry - 1) in c.cells else 0)
    for i in range(thread):
        c.put(0, top - 1 - i, "|" if r.random() < 0.9 else ":")
    words = ["hanging"] if thread else []
    eye = r.choice(["oo", "''", "^^", "..", "00", "@@", "xx"])
    if n > 1:
        c.middle(1, 0 if ry < 2 else 1, eye if n < 4 else eye[0] + " " + eye[1])
    c.middle(
        0, max(1, ry), "w" if ry > 1 and r.random() < 0.5 else c.cells.get((0, ry), "_")
    )
    legs = between(r, s, 2, 6)
    for k in range(4 if s > 0.3 else 3):
        y = k - 1 if ry < 3 else k * (ry - 1) // 2 - ry + 1
        up = k < 2
        xs = max([x for x, yy in c.cells if yy == y] or [n])
        for d in (-1, 1):
            a = legs + k % 2
            if up:
                for i in range(1, a // 2 + 1):
                    c.put(d * (xs + i), y - i, "/" if d > 0 else "\\")
                m = xs + a // 2 + 1
                for i in range(a // 2 + 1):
                    c.put(d * (m + i), y - a // 2 + i, "\\" if d > 0 else "/")
            else:
                c.put(d * (xs + 1), y, "_")
                m = xs + 2
                for i in range(1, a // 2 + 2):
                    c.put(d * (m + i - 1), y + i, "\\" if d > 0 else "/")
    if r.random() < 0.3:
        if ry > 1:
            c.middle(0, 0 if ry > 1 else -1, "X" if r.random() < 0.5 else "+")
    return (c, words)


def bat(r, s):
    c, n = (Canvas(), between(r, s, 3, 13))
    m = max(1, n // 4)
    c.put(-m, -m if m > 1 else -1, "/" if m > 1 else "^").put(
        m, -m if m > 1 else -1, "\\" if m > 1 else "^"
    )
    eye = r.choice(["o", "^", ".", "*", "0", "@"])
    body = max(1, n // 2)
    c.put(-m, 0, eye).put(m, 0, eye)
    c.put(-m - 1, 0, "(").put(m + 1, 0, ")")
    c.middle(0, 1, r.choice(["vv", "v v", "w", "VV"]) if m > 1 else "w")
    c.put(-m - 1, 1, "\\").put(m + 1, 1, "/")
    if body > 2:
        c.put(-m, 2, "\\" + "_" * (2 * m - 1) + "/")
    for d in (-1, 1):

        def put(x, y, ch):
            c.put(d * x, y, ch if d > 0 else ch.translate(str.maketrans("/\\()", "\\/)(")))

        x0 = m + 2
        tip = x0 + n
        for x in range(x0, tip):
            put(x, -1 if x > x0 else 0, "_" if x > x0 else "/")
        put(tip, 0, "\\")
        down = max(1, n // 3)
        for i in range(1, down):
            put(tip + i, i, "\\")
        scallops = 2 if n < 8 else 3
        for x in range(x0, tip + down):
            y = max(1, round(down * (x - x0 + 2) / (n + down)))
            k = (x - x0) % max(3, n // scallops)
            put(
                x,
                y,
                "^"
                if k == 0
                else ("'" if k % 2 else "-")
                if n < 0
                else "/"
                if k == 1
                else "\\"
                if k == max(3, n // scallops) - 1
                else "-",
            )
    return (c, [])


def turtle(r, s):
    c, n = (Canvas(), between(r, s, 4, 16))
    rows = max(2, n // 2)
    halves = arc_halves(n, rows)
    c.body(0, 0, halves, "_", "_")
    mark = r.choice(["", "o", "<>", "()", "^", "#", "x", "\\/"])
    if mark:
        for i in range(1, rows - 1 if rows > 2 else rows):
            for x in range(-halves[i] + 2, halves[i] - len(mark), len(mark) + 2):
                if (x + i % 2, i) not in c.cells:
                    c.put(x + i % 2, i, mark)
    k = between(r, s, 1, 3)
    y = rows - 1
    x = halves[-1]
    c.row(x + 1, y - 1 - k, 2 * k, "_")
    c.put(x + 2 * k + 1, y - k, "\\" if k > 1 else ")")
    for i in range(1, k):
        c.put(x + 2 * k + 1, y - k + i, "|")
    c.put(x + 2 * k + 1, y, "/")
    c.row(x + 1, y, 2 * k, "_")
    c.put(x + k + (k > 1), y - k + (k > 1), r.choice("o.O^-@"))
    for lx in (-x + max(1, n // 4), x - max(1, n // 4) - 2):
        c.put(lx, y + 1, r.choice(["|_|", "(_)", "U U", "\\_\\", "/_/"]) if n < 8 else "|  |").put(
            lx, y + 2, "|__|" if n >= 8 else ""
        )
    c.put(-x - 1 - (s > 0.5), y, r.choice(["<", "-", "~"]) * (1 + (s > 0.5)))
    return (c.flipped() if r.random() < 0.5 else c, [])


def elephant(r, s):
    c = Canvas()
    w, h, leg = (between(r, s, 9, 26), between(r, s, 3, 9), between(r, s, 1, 5))
    head = between(r, s, 5, 13)
    c.row(head + 1, -1, w - 1, "_")
    c.put(head + w, 0, "\\")
    for i in range(1, h):
        c.put(head + w + 1, i, "|")
    c.row(2, -1, head - 1, "_")
    c.put(1, 0, "/")
    trunk = h + leg - 1
    for i in range(1, trunk):
        c.put(0, i, "|").put(2 if s < 0.6 else 3, i + (i == 0), "|" if i > h // 2 - 1 else " ")
    inner = 2 if s < 0.6 else 3
    if r.random() < 0.5:
        c.put(0, trunk, "\\" + "_" * (inner - 1) + "/")
    else:
        c.put(-2, trunk, "(_" + "_" * inner + "/")
    eye = r.choice("o.*O^-@")
    c.put(3, max(1, h // 3), eye)
    ear = head - 3
    ex = head - max(2, ear // 2)
    e = max(1, ear // 2)
    c.put(ex - e + 1, 0, "_" * max(1, 2 * e - 1))
    for i in range(1, max(2, h - 1)):
        c.put(ex - e, i, "/" if i == 1 else "|" if i < h - 2 else "\\").put(
            ex + e, i, "\\" if i == 1 else "|" if i < h - 2 else "/"
        )
    c.put(ex - e + 1, max(2, h - 1) - 1, "_" * max(1, 2 * e - 1))
    bottom = h
    x0, x1 = (inner + 2, head + w + 1)
    lw = max(2, w // 7)
    for i in range(h // 2 + 1, h + 1):
        if i > h - 1:
            c.put(x0, i, "|")
    for i in range(leg + 1):
        for x in (x0, x0 + lw + 1, x1 - lw - 1, x1):
            c.put(x, bottom + i, "|")
    c.put(x0 + lw + 2, bottom, "_" * (x1 - lw - 1 - x0 - lw - 2))
    c.put(x0 + 1, bottom + leg, "_" * lw).put(x1 - lw, bottom + leg, "_" * lw)
    if r.random() < 0.6:
        c.put(inner + 1, h // 2 + 1, "=" if s < 0.5 else "==>")
    for i in range(between(r, s, 1, 4)):
        c.put(x1 + 1 + i // 2, 1 + i, "\\" if i % 2 == 0 else "|")
    return (c.flipped() if r.random() < 0.5 else c, ["a trunk"])


def pig(r, s):
    c, n = (Canvas(), between(r, s, 4, 12))
    ry = max(2, n // 2)
    c.oval(0, 0, n, ry, r.choice("_-"))
    top = -ry
    k = max(1, n // 4)
    for d in (-1, 1):
        x = d * (n - k - 1)
        c.put(x - k, top - 1 + (n > 8), "/").put(x + k, top - 1 + (n > 8), "\\")
        if k > 0:
            c.put(x - k + 1, top - 2 + (n > 8), "^" * (2 * k - 1))
    words = [pair(c, r, -max(1, ry // 2), max(2, n // 2))]
    w = max(2, n // 2)
    y = 0
    hole = r.choice(["o o", ". .", "oo", "0 0", "' '", "u u"])
    if ry > 2:
        c.put(-w, y, "." + "-" * (2 * w - 1) + ".").put(
            -w, y + 1, "(" + " " * (2 * w - 1) + ")"
        ).put(-w, y + 2, "'" + "-" * (2 * w - 1) + "'")
        c.middle(0, y + 1, hole[0] + " " * max(1, w // 2) + hole[-1])
        if ry > 4:
            c.middle(0, y + 3, r.choice(["\\_/", "'-'", "\\___/"]))
    else:
        c.middle(0, 0, f"({hole[0]} {hole[-1]})" if n > 4 else f"({hole[0]}{hole[-1]})")
        c.middle(0, 1, r.choice(["-", "~", "v", "u"]))
    return (c, words + ["head"])


def bear(r, s):
    c, n = (Canvas(), between(r, s, 4, 12))
    ry = max(2, n // 2)
    c.oval(0, 0, n, ry, r.choice("_-"))
    k = 1 if n < 7 else 2
    top = -ry - (1 if (0, -ry - 1) in c.cells else 0)
    for d in (-1, 1):
        x = d * (n - k)
        if k == 1:
            c.put(x - 1, top, "(").put(x + 1, top, ")").put(x, top - 1, "_")
            c.put(x, top, r.choice(" '^"))
        else:
            c.put(x - 2, top, "/").put(x + 2, top, "\\").put(x - 1, top - 1, "___")
            c.put(x, top, r.choice("o^ "))
    words = [pair(c, r, -max(0, ry // 2), max(1, n // 2))]
    if ry > 2:
        w = max(2, n // 3)
        c.put(-w, 0, "." + "-" * (2 * w - 1) + ".").column(-w - 1, 1, ry - 2).column(
            w + 1, 1, ry - 2
        )
        c.middle(0, 1, r.choice(["(@)", "(#)", "\\@/", "(_)"])).put(
            0, 2 if ry > 3 else 1, "|" if ry > 3 else "@"
        )
        if ry > 3:
            c.middle(0, 3 if ry > 4 else 2, r.choice(["'-'", "\\_|_/", "'-+-'"]))
    else:
        c.put(0, 0, r.choice("@YT#")).middle(0, 1, r.choice(["w", "'-'", "-", "\\_/"]))
    if r.random() < 0.5:
        words.append("body")
        y = ry + 1
        b = between(r, s, 2, 7)
        m = n - 1 + r.randint(0, 2)
        halves = [m] + [m + 1] * b + [m]
        c.body(0, y, halves, None, "_")
        belly = max(1, m // 2)
        if b > 2:
            c.put(-belly, y + 1, "." + "-" * (2 * belly - 1) + ".").column(
                -belly - 1, y + 2, b - 2
            ).column(belly + 1, y + 2, b - 2).put(-belly, y + b, "'" + "-" * (2 * belly - 1) + "'")
        c.put(-m - 1, y + b + 1, "(" + "_" * max(1, m - 2) + ")").put(
            2, y + b + 1, "(" + "_" * max(1, m - 2) + ")"
        )
    else:
        words.append("head")
    return (c, words)


def penguin(r, s):
    c, n = (Canvas(), between(r, s, 2, 8))
    h = max(1, n // 2)
    c.put(-n + 1, -1, "_" * (2 * n - 1))
    c.put(-n, 0, "(" if h == 1 else "/").put(n, 0, ")" if h == 1 else "\\")
    for i in range(1, h + 1):
        c.put(-n, i, "|").put(n, i, "|")
    words = [pair(c, r, 0 if h == 1 else 1, max(1, n // 2))]
    c.middle(0, 1 if h == 1 else 2, r.choice(["V", "v", "<>", "\\/", "w"]))
    y = h + 1
    tall = between(r, s, 3, 11)
    m = n + max(1, n // 2)
    last = n
    for i in range(tall):
        g = min(m, n + 1 + i) if i < tall - 1 - n // 3 else max(n, m - (i - tall + 2 + n // 3))
        c.put(-g, y + i, "/" if g > last else "\\" if g < last else "|").put(
            g, y + i, "\\" if g > last else "/" if g < last else "|"
        )
        inner = max(1, min(g - 1, n - (i == 0)))
        if n > 1:
            c.put(-inner, y + i, "/" if i == 0 else "\\" if i == tall - 1 else "|").put(
                inner, y + i, "\\" if i == 0 else "/" if i == tall - 1 else "|"
            )
        if g - inner > 2 and r.random() < 0.9:
            shade = r.choice("#:%@")
        last = g
    shade = r.choice(["", "#", ":", "%", "."])
    if shade:
        for i in range(tall):
            xs = sorted((x for x, yy in c.cells if yy == y + i))
            if len(xs) >= 4:
                for x in range(xs[0] + 1, xs[1]):
                    c.put(x, y + i, shade).put(-x, y + i, shade)
    c.put(-last - 1, y + tall, "(" + "_" * max(1, last - 1) + ")").put(
        1, y + tall, "(" + "_" * max(1, last - 1) + ")"
    )
    if r.random() < 0.3:
        words.append("a bow tie")
        c.middle(0, y, "><" if n < 4 else ">o<")
    return (c, words)


def frog(r, s):
    c, n = (Canvas(), between(r, s, 4, 13))
    eye = r.choice(["o", "O", "@", "0", "-", "^", "."])
    big = n > 6
    for d in (-1, 1):
        x = d * (n - 2 - big)
        if big:
            c.middle(x, -2, "___").middle(x, -1, "(   )").put(x, -1, eye)
        else:
            c.middle(x, -1, f"({eye})")
    h = max(2, n // 2)
    gap = 2 * (n - 2 - big) - (6 if big else 4) + 1
    c.put(-(gap // 2), -1, "_" * gap)
    m = n + 1
    halves = [n] + [m] * max(1, h - 1)
    for i, g in enumerate(halves):
        c.put(-g, i, "/" if i == 0 else "(" if h < 4 else "|").put(
            g, i, "\\" if i == 0 else ")" if h < 4 else "|"
        )
    smile = halves[-1] - 2
    c.put(-smile, h - 1 if h > 2 else 1, "\\" + r.choice("_-.") * (2 * smile - 1) + "/")
    if h > 3:
        c.put(-1, 1, ".").put(1, 1, ".")
    c.put(-m, h, "\\" + "_" * (2 * m - 1) + "/")
    words = []
    if r.random() < 0.75:
        b = between(r, s, 1, 5)
        y = h + 1
        for i in range(b):
            c.put(-n + 1 - i // 2, y + i, "/" if i else "|").put(
                n - 1 + i // 2, y + i, "\\" if i else "|"
            )
            if n > 4:
                c.put(-n // 2, y + i, "|" if i else "\\").put(
                    n // 2 + n % 2, y + i, "|" if i else "/"
                )
        foot = r.choice(["^^^", "'''", '"""', "www", "mmm"])
        c.put(-n - 1, y + b, foot).put(n - 1, y + b, foot)
        if n > 4:
            c.put(-n // 2 - 1, y + b, foot[:2]).put(n // 2, y + b, foot[:2])
        else:
            c.put(-1, y + b, "_" * 3)
        words.append("sitting")
    return (c, words)


def bee(r, s):
    c, n = (Canvas(), between(r, s, 3, 12))
    ry = max(1, n // 3)
    c.oval(0, 0, n, ry, r.choice("_-"))
    stripe = r.choice(["|", "#", ")", "H", "I"])
    for x in range(-n // 2 + 1, n - 1, 2 if s < 0.5 else 3):
        for y in range(-ry, ry + 1):
            xs = [k for k, yy in c.cells if yy == y]
            if min(xs) < x < max(xs):
                c.put(x, y, stripe)
    c.put(-n + 2 if n > 4 else -n + 1, 0 if ry < 2 else -1, r.choice("o.*O^@"))
    c.put(n + 1, 0, r.choice([">", "-", "=>"]))
    w = max(1, n // 3)
    for k, x in enumerate((-w, w + 1)):
        c.put(x - w + 1, -ry - 3 - (w > 1), "_" * (2 * w - 1))
        for i in range(1 + (w > 1)):
            c.put(x - w, -ry - 2 - i, "(" if w == 1 else "\\/"[i]).put(
                x + w, -ry - 2 - i, ")" if w == 1 else "/\\"[i]
            )
    c.put(-n, -ry - 1 + (ry < 2), "\\").put(-n - 1, -ry - 2 + (ry < 2), r.choice("o_.'"))
    if r.random() < 0.5:
        c.put(-n + 2 if n > 3 else -n + 1, -ry - 1, "/")
    words = []
    if r.random() < 0.4:
        words.append("flying")
        for i in range(r.randint(3, 8)):
            c.put(n + 4 + 2 * i, r.choice([0, 0, 1, -1]), r.choice(".-"))
    return (c.flipped() if r.random() < 0.5 else c, words)


def whale(r, s):
    c = Canvas()
    w, h = (between(r, s, 8, 30), between(r, s, 2, 8))
    if r.random() < 0.5:
        c.put(0, 0, "." + "-" * (w - 2) + ".")
    else:
        c.row(1, -1, w - 2, "_").put(0, 0, "/").put(w - 1, 0, "\\")
    for i in range(1, h):
        c.put(-1, i, "|").put(
            w + max(0, i - 1) if i < h - 1 else w + i - 2, i, "\\" if i > 1 else "'"
        )
    c.put(-1, h, "\\" + "_" * (w + h - 2)).put(w + h - 2, h, "/")
    c.put(2, max(1, h // 3), r.choice("o.O*^@"))
    if h > 2:
        c.put(0, max(1, 2 * h // 3), r.choice("_-=~") * max(2, w // 3))
    t = between(r, s, 2, 6)
    x, y = (w + h - 1, h)
    for i in range(t):
        c.put(x + i, y - i, "/")
        if i + 1 < t:
            c.put(x + i - 2 - (i == 0), y - i - 1, "/")
    c.block(
        x + t - 3, y - t - 2, [" _   _ ", "( \\_/ )", " \\   / "] if s > 0.4 else ["_ _", "\\V/"]
    )
    spout = r.random() < 0.8
    words = []
    if spout:
        words.append("a spout")
        k = between(r, s, 1, 5)
        m = w // 2
        top = min((y for x, y in c.cells if abs(x - m) < 2))
        for i in range(k):
            c.put(m, top - 1 - i, r.choice("|:"))
        c.block(
            m - 2,
            top - k - 2,
            r.choice(
                [[" . . ", "' . '"], ["_   _", " \\ / "], ["'.,.'", "  |  "], [".' '.", "' : '"]]
            ),
        )
    if r.random() < 0.6:
        words.append("waves")
        c.put(-4, h + 1, ("~^" * 40)[: w + h + t + 6])
    return (c.flipped() if r.random() < 0.5 else c, words)


def crab(r, s):
    c, n = (Canvas(), between(r, s, 3, 12))
    ry = max(1, n // 3)
    c.oval(0, 0, n, ry, "_")
    eye = r.choice("oO@0^*")
    top = -ry - 1
    for d in (-1, 1):
        x = d * max(1, n // 3)
        st = between(r, s, 0, 2)
        for i in range(st):
            c.put(x, top - i, "|")
        c.put(x, top - st, eye)
    c.middle(0, 0 if ry < 2 else 1, r.choice(["\\_/", "~~~", "---", "w", "'-'", "v"]))
    arm = between(r, s, 1, 4)
    for d in (-1, 1):
        for i in range(arm):
            c.put(d * (n + 1 + i), -i, "/" if d > 0 else "\\")
        x, y = (n + 1 + arm, -arm)
        k = 1 if s < 0.4 else 2
        if k == 1:
            c.put(d * x, y, "V").put(d * x, y, "Y")
            c.put(d * (x - 1), y - 1, "(" if d > 0 else ")").put(
                d * (x + 1), y - 1, ")" if d > 0 else "("
            )
        else:
            claw = ["/\\  /\\", "\\ \\/ /", " \\__/ "]
            c.block(d * x - 2 - (d < 0), y - 2, claw)
        legs = 2 if s < 0.4 else 3
        for k in range(legs):
            lx = n - 1 - k * max(2, n // 3)
            if s > 0.3:
                c.put(d * lx, ry + 1, "/" if d < 0 else "\\").put(
                    d * (lx + 1), ry + 2, "/" if d < 0 else "\\"
                )
            else:
                c.put(d * lx, ry + 1, "/" if d < 0 else "\\")
    return (c, [])


def sheep(r, s):
    c = Canvas()
    w, h, leg = (between(r, s, 8, 26), between(r, s, 2, 7), between(r, s, 1, 4))
    wool = r.choice(["()", "@@", "oo", "()", "uu"])
    x0 = 5
    c.put(x0 + 1, -1, ("_." * w)[: w - 2])
    for i in range(h):
        c.put(x0 - i % 2, i, "(").put(x0 + w + i % 2, i, ")")
        if r.random() < 0.9:
            for x in range(x0 + 2 + i % 2 * 2, x0 + w - 2, 4):
                if r.random() < 0.7:
                    c.put(x, i, wool if r.random() < 0.6 else r.choice(["~", "c", "'"]))
    if r.random() < 0.5:
        c.put(x0 - h % 2, h, "'" + ("-." * w)[: w - 1] + "'")
    else:
        c.put(x0 - h % 2 + 1, h, "_" * (w - 1))
    c.put(x0 - h % 2, h, "(").put(x0 + w - 1 + h % 2, h, ")")
    eye = r.choice("o.O-^*")
    hy = max(0, h // 3) - 1
    c.clear(1, hy, 6, hy + 3)
    c.put(2, hy - 1, "__" if s < 0.5 else "___").put(
        0,
        hy,
        "-/" + " " * (2 + (s >= 0.5)) + "\\-"
        if r.random() < 0.6
        else " (" + "~" * (2 + (s >= 0.5)) + ")",
    )
    if hy + 2 <= h:
        c.put(1, hy + 1, "|" + eye + " " * (s >= 0.5) + eye + "|").put(
            1, hy + 2, "\\" + "_" * (2 + (s >= 0.5)) + "/"
        )
    else:
        c.put(1, hy + 1, "(" + eye + eye + ")")
    for x in (x0 + 2, x0 + 5, x0 + w - 5, x0 + w - 2):
        for i in range(leg):
            c.put(x, h + 1 + i, "|")
        c.put(x, h + leg, "|")
    return (c.flipped() if r.random() < 0.5 else c, [])


def giraffe(r, s):
    c = Canvas()
    neck, w, leg, body = (
        between(r, s, 3, 12),
        between(r, s, 5, 15),
        between(r, s, 2, 9),
        between(r, s, 1, 5),
    )
    eye = r.choice("o.O^-*")
    c.block(0, -3, ["   ii ", " __)\\_", f"/ {eye}   \\"[:0] or f"(__{eye}  )"])
    spot = r.choice(["o", "O", "#", "@", "*", "0", ":"])
    nw = 2 if s < 0.5 else 3
    for i in range(neck):
        c.put(3, i, "|").put(3 + nw + 1, i, "|")
        if r.random() < 0.6:
            c.put(4 + r.randrange(nw), i, spot)
    c.put(3 + nw + 1, neck - 1, "\\" + "_" * (w - 2))
    x1 = 3 + nw + w
    for i in range(body):
        c.put(3, neck + i, "|").put(x1 + (i > -1), neck + i, "|" if i else "\\")
        for x in range(5, x1 - 1, 2):
            if r.random() < 0.4:
                c.put(x, neck + i, spot)
    y = neck + body
    c.put(4, y, "_" * (x1 - 3)).put(3, y, "|").put(x1 + 1, y, "|")
    for i in range(leg):
        for x in (3, 5, x1 - 1, x1 + 1):
            c.put(x, y + 1 + i, "|")
    for i in range(between(r, s, 1, 3)):
        c.put(x1 + 2, neck + 1 + i, "|" if i else "\\")
    return (c.flipped() if r.random() < 0.5 else c, ["a long neck"])


def cow(r, s):
    c = Canvas()
    w, h, leg = (between(r, s, 7, 24), between(r, s, 2, 7), between(r, s, 1, 5))
    eye = r.choice(["oo", "00", "^^", "--", "@@", "..", "**"])
    if s < 0.5:
        c.block(0, 0, ["^__^" if r.random() < 0.6 else "(__)", f"({eye})", "(__)"])
    else:
        c.block(0, -1, [" ^___^ ", f"( {eye[0]} {eye[1]} )", " \\   / ", " (o_o) "])
    hx = 4 if s < 0.5 else 6
    top = 1 if s < 0.5 else 0
    if s < 0.5:
        c.put(hx, top, "\\")
    c.put(hx + 1, top, "_" * w)
    x0, x1 = (5, hx + w + 1) if s < 0.5 else (6, hx + w + 1)
    for i in range(h):
        c.put(x0, top + 2 + i - (s >= 0.5), "|" if i or s >= 0.5 else "\\").put(
            x1, top + 1 + i, ")" if i == 0 else "|"
        )
    bottom = top + h + 1
    c.put(x0, bottom, "|" + "_" * (x1 - x0 - 1) + "|")
    if r.random() < 0.7:
        c.put(x1 - max(4, w // 4), bottom, "w" * max(1, w // 10 + 1))
    for i in range(leg):
        for x in (x0, x0 + 2, x1 - 2, x1):
            c.put(x, bottom + 1 + i, "|")
    t = between(r, s, 1, 5)
    c.put(x1 + 1, top + 1, "\\")
    for i in range(t):
        c.put(x1 + 2, top + 2 + i, "|" if i < t - 1 else r.choice("*w|"))
    words = []
    if r.random() < 0.5 and h > 2:
        words.append("spots")
        for _ in range(between(r, s, 1, 6)):
            c.put(
                r.randint(x0 + 2, x1 - 4),
                r.randint(top + 2, bottom - 1),
                r.choice(["##", "@@", "()", "%", "#"]),
            )
    return (c.flipped() if r.random() < 0.4 else c, words)


def octopus(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    rows = max(2, round(n * 0.6))
    c.body(0, 0, arc_halves(n, rows + 1), r.choice("_-"), None)
    words = [pair(c, r, rows // 2 + (rows > 3), max(1, n // 2))]
    c.middle(0, rows // 2 + 1 + (rows > 3), r.choice(["v", "o", "-", "w", "\\_/", "~"]))
    arms = 4 if n < 6 else r.choice([6, 8])
    long = between(r, s, 2, 7)
    y = rows + 1
    for a in range(arms):
        x = round(-n + 1 + a * (2 * n - 2) / (arms - 1))
        d = -1 if x < 0 else 1
        phase = r.randrange(2)
        k = x
        for i in range(long):
            out = (i + phase) % 4 < 2
            c.put(k, y + i, ("/" if d < 0 else "\\") if out else "\\" if d < 0 else "/")
            k += (
                d
                if out and (i + 1 + phase) % 4 < 2
                else -d
                if not out and (not (i + 1 + phase) % 4 < 2)
                else 0
            )
    return (c, words)


SUBJECTS = {
    "cat": cat,
    "dog": dog,
    "fish": fish,
    "bird": bird,
    "owl": owl,
    "duck": duck,
    "rabbit": rabbit,
    "mouse": mouse,
    "snake": snake,
    "snail": snail,
    "butterfly": butterfly,
    "spider": spider,
    "bat": bat,
    "turtle": turtle,
    "elephant": elephant,
    "pig": pig,
    "bear": bear,
    "penguin": penguin,
    "frog": frog,
    "bee": bee,
    "whale": whale,
    "crab": crab,
    "sheep": sheep,
    "giraffe": giraffe,
    "cow": cow,
    "octopus": octopus,
}
