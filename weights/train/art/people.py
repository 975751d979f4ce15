"""People and what looks like them; see places.py for what a subject is."""

from animals import EYES, pair
from canvas import Canvas
from places import between
from things import arc_halves


def face(r, s):
    c, words = (Canvas(), [])
    if s < 0.12:
        eye = r.choice(["o o", "^ ^", "- -", "O O", "* *", "> <", "x x", "@ @", "T T"])
        mouth = r.choice(["\\_/", "___", " o ", "---", "'-'", " v ", "~~~"])
        c.block(
            0,
            0,
            [
                ' .-"-. ' if r.random() < 0.5 else " .---. ",
                f"/ {eye} \\",
                f"| {mouth} |" if r.random() < 0.5 else f"\\ {mouth} /",
                " '---' ",
            ],
        )
        return (c, ["small"])
    n = between(r, s, 4, 13)
    ry = max(2, round(n * r.uniform(0.5, 0.75)))
    c.oval(0, 0, n, ry, r.choice("_-"))
    hair = r.choice(["", "", "spikes", "fringe", "curls", "long"])
    top = min((y for _, y in c.cells))
    if hair == "spikes":
        for x in range(-n + 3, n - 2):
            c.put(x, top - (0 if c.cells.get((0, top)) == "_" else 1), r.choice("|/\\"))
        words.append("spiky hair")
    elif hair == "fringe":
        for i in range(1, max(2, ry // 2)):
            xs = [x for x, y in c.cells if y == -ry + i]
            for x in range(min(xs) + 1, max(xs)):
                c.put(x, -ry + i, r.choice("|/") if i < max(2, ry // 2) - 1 else "'")
        words.append("a fringe")
    elif hair == "curls":
        for x in range(-n + 2, n - 1, 2):
            c.put(x, top - (x + n) % 2, "@").put(x, top, "@")
        words.append("curly hair")
    elif hair == "long":
        for d in (-1, 1):
            for i in range(-ry + 1, ry + r.randint(0, 3)):
                c.put(d * (n + 1), i, "(" if d > 0 else ")")
                c.put(d * (n + 2), i, ")" if d > 0 else "(")
        words.append("long hair")
    else:
        for d in (-1, 1):
            if r.random() < 0.5:
                c.put(d * (n + 1), 0, "(" if d < 0 else ")")
    dx = max(2, n // 2)
    y = -max(1, ry // 3)
    kind = r.choice(["dots", "round", "glasses"]) if n > 6 else "dots"
    if kind == "dots":
        words.append(pair(c, r, y, dx))
    elif kind == "round":
        eye = r.choice("o.*@O")
        for d in (-1, 1):
            c.middle(d * dx, y, f"({eye})")
    else:
        words.append("glasses")
        for d in (-1, 1):
            c.middle(
                d * dx, y, "[" + r.choice("o.- ") + "]" if n < 9 else "[ " + r.choice("o.-") + " ]"
            )
        gap = 2 * dx - (3 if n < 9 else 5)
        c.row(-(gap // 2), y, gap, "-")
    if n > 5 and r.random() < 0.5:
        brow = r.choice(["--", "~~", "__", "\\ ", "''"])
        c.put(-dx - 1, y - 1, brow).put(dx, y - 1, brow[::-1].replace("\\", "/"))
    c.middle(
        0,
        0 if ry < 4 else 1,
        r.choice(["^", "|", "L", "v", "<", "o", "(_)"]) if n > 5 else r.choice("^|<v"),
    )
    my = max(1, ry // 2) if ry < 4 else max(2, ry - 2)
    w = max(1, n // 3)
    mood = r.choice(["happy", "sad", "surprised", "plain", "laughing", "moustache", "tongue"])
    if mood == "happy":
        c.put(-w - 1, my - (ry > 3), "\\").put(w + 1, my - (ry > 3), "/").row(
            -w, my, 2 * w + 1, "_"
        )
        if ry <= 3:
            c.put(-w - 1, my, "\\").put(w + 1, my, "/")
    elif mood == "sad":
        c.put(-w - 1, my, "/").put(w + 1, my, "\\").row(
            -w, my - (ry > 3), 2 * w + 1, "-" if ry > 3 else "~"
        )
    elif mood == "surprised":
        c.middle(0, my, "O" if n < 8 else "(_)")
    elif mood == "laughing":
        c.put(-w - 1, my, "\\" + r.choice("_DHw=") * (2 * w + 1) + "/")
    elif mood == "moustache":
        c.put(-w - 1, my - 1 if ry > 3 else my, "~" * (w + 1) + " " + "~" * (w + 1))
        if ry > 3:
            c.row(-w + 1, my, 2 * w - 1, "-")
    elif mood == "tongue":
        c.row(-w, my, 2 * w + 1, "_")
        c.put(0, my, "U")
    else:
        c.row(-w, my, 2 * w + 1, r.choice("-_="))
    return (c, words + ["" if mood == "plain" else mood])


def man(r, s):
    c, words = (Canvas(), [])
    pose = r.choice(["standing", "waving", "arms up", "running", "hands on hips", "dancing"])
    words.append(pose)
    head = r.choice(["O", "o", "@", "0"])
    if s < 0.4:
        c.put(0, 0, head)
    elif s < 0.7:
        c.block(-2, -1, [" .-. ", f"({r.choice(EYES)} {r.choice('oO^.')})"[:5], " '-' "])
        eye = r.choice(EYES)
        c.block(-2, -1, [" .-. ", f"({eye} {eye})", " '-' "])
    else:
        eye = r.choice(EYES)
        c.block(
            -3,
            -3,
            [
                " .---. ",
                f"( {eye} {eye} )",
                r.choice([" \\ - / ", " \\ v / ", " \\ _ / ", " \\ o / "]),
                "  '-'  ",
            ],
        )
    if r.random() < 0.35:
        words.append("a hat")
        top = min((y for _, y in c.cells))
        w = 1 if s < 0.4 else 2 if s < 0.7 else 3
        if r.random() < 0.5:
            c.middle(0, top - 1, "_" + "[" + "#" * (2 * w - 1) + "]" + "_" if s > 0.3 else "_=_")
        else:
            c.middle(0, top - 1, "/" + "_" * (2 * w - 1) + "\\").put(
                0, top - 2, "." if s < 0.5 else "o"
            )
    y = 1
    body = between(r, s, 1, 6)
    fat = s > 0.5 and r.random() < 0.7
    for i in range(body):
        if fat:
            c.put(-2, y + i, "|").put(2, y + i, "|")
            if r.random() < 0.4:
                c.put(0, y + i, r.choice(".o:"))
        else:
            c.put(0, y + i, "|")
    if fat:
        c.middle(0, y + body - 1, "|___|")
    b = 2 if fat else 0
    arm = between(r, s, 1, 5)
    at = y if body < 3 else y + 1 - (s < 0.4)

    def limb(d, kind, n, y0):
        x = d * (b + 1)
        if kind == "down":
            for i in range(n):
                c.put(x + d * i, y0 + i, "\\" if d > 0 else "/")
        elif kind == "up":
            for i in range(n):
                c.put(x + d * i, y0 - i, "/" if d > 0 else "\\")
        elif kind == "out":
            c.row(min(x, x + d * (n - 1)), y0, n, "-" if n < 3 else "_")
        elif kind == "hip":
            c.put(x, y0, "\\" if d > 0 else "/").put(x, y0 + 1, "/" if d > 0 else "\\")
            if n > 2:
                c.put(x, y0, "-").put(x + d, y0, "\\" if d > 0 else "/").put(
                    x + d, y0 + 1, "/" if d > 0 else "\\"
                )

    arms = {
        "standing": ("down", "down"),
        "waving": ("down", "up"),
        "arms up": ("up", "up"),
        "running": ("out", "down"),
        "hands on hips": ("hip", "hip"),
        "dancing": ("up", "out"),
    }[pose]
    flip = r.choice([-1, 1])
    for d, kind in zip((-1, 1), arms):
        limb(d * flip, kind, arm, at)
    if pose in ("waving", "arms up", "dancing") and r.random() < 0.4 and (not fat):
        thing = r.choice(["*", "o", "!", "F", "?", "Y"])
        limbs = [(x, yy) for (x, yy), ch in c.cells.items() if ch in "/\\" and yy < at]
        if limbs:
            x, yy = max(limbs) if flip > 0 else min(limbs)
            c.put(x, yy - 1, thing)
    leg = between(r, s, 1, 6)
    yl = y + body
    spread = r.random() < 0.7
    for d in (-1, 1):
        for i in range(leg):
            if fat:
                c.put(d, yl + i, "|")
            else:
                c.put(
                    d * (1 + i) if spread else d,
                    yl + i,
                    ("\\" if d > 0 else "/") if spread or i == 0 else "|",
                )
    if s > 0.4 and pose != "running":
        x = 1 if fat else leg if spread else 1
        c.put(-x - 2, yl + leg - 1, "_" + c.cells.get((-x - 1, yl + leg - 1), "_")).put(
            x + 1, yl + leg - 1, "__"
        )
    if pose == "running":
        for i in range(r.randint(2, 3)):
            c.put(-flip * (arm + b + 4) - (2 if flip > 0 else 0), i, "--" if i % 2 == 0 else "-")
    return (c, words)


def snowman(r, s):
    c, words = (Canvas(), [])
    n3 = between(r, s, 3, 12)
    balls = 2 if s < 0.25 else r.choice([2, 3, 3])
    sizes = (
        [n3]
        if balls == 1
        else [max(2, round(n3 * 0.6)), n3]
        if balls == 2
        else [max(2, round(n3 * 0.5)), max(3, round(n3 * 0.75)), n3]
    )
    y = 0
    top = r.choice("_-")
    centres = []
    for i, n in enumerate(sizes):
        ry = max(1, round(n * 0.42))
        y += ry
        c.oval(0, y, n, ry, top if i == 0 else "-")
        centres.append((y, n, ry))
        y += ry + 1
    y0, n, ry = centres[0]
    eye = r.choice("o*.O^@-")
    e = max(1, n // 2)
    c.put(-e, y0 - (ry > 1), eye).put(e, y0 - (ry > 1), eye)
    if ry > 1 or n > 2:
        c.put(0, y0, r.choice([">", "<", "v", "V", "o"]))
    if ry > 1:
        c.middle(0, y0 + 1, r.choice(["\\_/", "---", "'-'", "..."]) if n > 2 else "-")
    for yy, m, rr in centres[1:]:
        for i in range(-rr + 1, rr, 2 if rr > 1 else 1):
            c.put(0, yy + i, r.choice("o*:."))
    head_top = min((yy for _, yy in c.cells))
    if r.random() < 0.7:
        words.append("a hat")
        w = max(1, n - 1)
        h = between(r, s, 1, 4)
        if top == "_":
            c.put(-w - 1, head_top - (top == "-"), "=" * (2 * w + 3))
        else:
            c.put(-w - 1, head_top - 1, "=" * (2 * w + 3))
        base = head_top - 1 if top == "_" else head_top - 2
        for i in range(h):
            c.put(-w, base - i, "|").put(w, base - i, "|")
            if r.random() < 0.3:
                c.row(-w + 1, base - i, 2 * w - 1, "#")
        c.row(-w + 1, base - h, 2 * w - 1, "_")
    ya, na, _ra = centres[1]
    if r.random() < 0.75:
        words.append("stick arms")
        k = between(r, s, 2, 7)
        for d in (-1, 1):
            for i in range(k):
                c.put(
                    d * (na + 1 + i),
                    ya - i // 2 - (i > 0),
                    "/" if (d > 0) == (i % 2 == 0) else "-" if i % 2 else "/" if d > 0 else "\\",
                )
            c.put(d * (na + 1 + k), ya - k // 2 - 1, "<" if d > 0 else ">")
    if r.random() < 0.35:
        words.append("snow")
        x0, ylo, x1, yhi = c.bounds()
        for _ in range(r.randint(5, 14)):
            x, yy = (r.randint(x0 - 3, x1 + 3), r.randint(ylo, yhi))
            if not any((x + i, yy) in c.cells for i in (-1, 0, 1)) and abs(x) > na:
                c.put(x, yy, r.choice("*.+"))
    return (c, words)


def robot(r, s):
    c, words = (Canvas(), [])
    n, h = (between(r, s, 3, 9), between(r, s, 2, 5))
    lid = r.choice(["_", ".", "+"])
    a = between(r, s, 0, 3)
    kind = r.choice(["one", "two", "coil"])
    top = -1 - (lid != "_")
    if a:
        words.append("an antenna" if kind == "one" else "antennas")
        for i in range(a):
            for x in [0] if kind == "one" else [-n // 2, n // 2] if kind == "two" else [0]:
                c.put(x, top - 1 - i + (lid == "_"), "|" if kind != "coil" else "<>"[i % 2])
        for x in [0] if kind != "two" else [-n // 2, n // 2]:
            c.put(x, top - 1 - a + (lid == "_"), r.choice("o*O@."))
    c.box(-n, 0 if lid == "_" else -1, n, h, lid)
    eye = r.choice(["[o]", "(o)", "o", "O", "[]", "#", "@", "0", "[-]"])
    eye = eye if n > 4 else eye[0] if len(eye) == 1 else "o"
    dx = max(1, n // 2)
    y = max(0, h // 3)
    c.middle(-dx, y, eye).middle(dx, y, eye)
    mouth = r.choice(["===", "|||", "---", "[_]", "###", "\\_/", "~~~", "HHH"])
    my = h - 1
    c.middle(0, my, mouth if n < 5 else mouth[0] * (n | 1) if mouth[0] == mouth[1] else mouth)
    if r.random() < 0.5:
        c.middle(-n - 1, y, r.choice("([{<")).middle(n + 1, y, r.choice(")]}>"))
    y = h + 1
    c.middle(0, y, r.choice(["| |", "[=]", "|_|", "###", "] ["]))
    y += 1
    m, t = (n + r.randint(0, 1 + n // 3), between(r, s, 2, 7))
    c.box(-m, y, m, y + t, lid)
    if lid != "_":
        pass
    else:
        c.row(-m + 1, y - 1, 2 * m - 1, "_").middle(0, y - 1, "|_|" if m > 1 else "_")
    panel = r.choice(["buttons", "screen", "gears", "heart"])
    yy = y + (1 if t > 1 else 0)
    if panel == "buttons":
        for k in range(yy, y + t, 2):
            c.middle(0, k, ("o " * m)[: 2 * m - 3])
    elif panel == "screen" and t > 3 and (m > 3):
        c.put(-m + 2, yy, "." + "-" * (2 * m - 5) + ".").put(
            -m + 2, y + t - 1, "'" + "-" * (2 * m - 5) + "'"
        )
        for k in range(yy + 1, y + t - 1):
            c.put(-m + 2, k, "|").put(m - 2, k, "|")
            c.middle(0, k, r.choice(["0101", "~~~", "OK", "ON", ":::"])[: 2 * m - 5])
    elif panel == "gears":
        c.middle(0, yy, r.choice(["(O)", "{*}", "(+)"])[: 2 * m - 1])
    else:
        c.middle(0, yy, "<3")
    words.append(panel if panel in ("buttons",) else "")
    arm = between(r, s, 1, 5)
    grip = r.choice(["[]", "{}", "()", "<>", "OO"])
    up = r.choice([False, False, True])
    for d in (-1, 1):
        x = m + 1
        raised = up and d > 0
        for i in range(arm):
            c.put(
                d * (x + (0 if i == 0 else 1)),
                y + (1 if not raised else 0) + (i if not raised else -i),
                "=" if i == 0 else "|",
            )
        c.put(
            d * (x + 1),
            y + (1 if not raised else 0) + (arm if not raised else -arm),
            grip[0] if d < 0 else grip[1],
        )
    leg = between(r, s, 1, 4)
    for i in range(leg):
        for x in (-m // 2, m // 2):
            c.middle(x, y + t + 1 + i, "| |" if m > 4 else "|")
    for x in (-m // 2, m // 2):
        c.middle(x, y + t + 1 + leg, "[___]" if m > 7 else "[_]" if m > 3 else "^")
    return (c, words)


def ghost(r, s):
    c, n = (Canvas(), between(r, s, 3, 12))
    rows = max(2, round(n * 0.5))
    tall = between(r, s, 2, 9)
    halves = arc_halves(n, rows) + [n] * tall
    c.body(0, 0, halves, r.choice("_-"), None)
    eye = r.choice(["o", "O", "@", "0", "*", "^", "x", "-"])
    big = n > 6 and r.random() < 0.6
    y = rows - (rows > 2)
    for d in (-1, 1):
        x = d * max(1, n // 2 - (n > 4))
        if big:
            c.middle(x, y, "(" + r.choice(["o", "@", " ", "O"]) + ")")
        else:
            c.put(x, y, eye)
    c.middle(
        0,
        y + 1 + (tall > 3),
        r.choice(["o", "O", "(_)", "~", "\\_/", "___", "v"]) if n > 4 else r.choice("oO~v-"),
    )
    wave = r.choice(["/\\", "'-", "^v", "'.", "vV", "\\/"])
    edge = (wave * n)[: 2 * n + 1]
    c.put(-n, rows + tall, edge)
    words = []
    if r.random() < 0.4:
        words.append("arms")
        k = between(r, s, 1, 4)
        for d in (-1, 1):
            for i in range(k):
                c.put(d * (n + 1 + i), rows + 1 - i + tall // 4, "/" if d > 0 else "\\")
            c.put(d * (n + 1 + k), rows + 1 - k + tall // 4, "_" if r.random() < 0.5 else "o")
    if r.random() < 0.3:
        words.append("boo")
        c.put(n + 3, 0, "BOO!" if s > 0.2 else "boo")
    return (c, words)


def skull(r, s):
    c, n = (Canvas(), between(r, s, 4, 12))
    rows = max(2, round(n * 0.4))
    tall = between(r, s, 1, 5)
    halves = arc_halves(n, rows) + [n] * tall
    c.body(0, 0, halves, r.choice("_-"), None)
    y = rows - (rows > 2)
    big = n > 6
    e = max(2, n // 2)
    hole = r.choice("#@%:X ")
    for d in (-1, 1):
        if big:
            k = max(1, n // 4)
            c.middle(d * e, y, "." + "-" * (2 * k - 1) + ".").middle(
                d * e, y + 1, "(" + hole * (2 * k - 1) + ")"
            ).middle(d * e, y + 2, "'" + "-" * (2 * k - 1) + "'")
        else:
            c.middle(
                d * e,
                y,
                r.choice(["()", "O", "o", "#", "X", "@"][1:]) if n < 5 else "(" + hole + ")",
            )
    ny = y + (3 if big else 1)
    c.middle(
        0,
        ny if ny < len(halves) else len(halves) - 1,
        r.choice(["^", "/" + "\\", "A", "n", "Y", '"']),
    )
    yb = max(len(halves), ny + 1)
    for i in range(len(halves), yb):
        c.put(-n, i, "|").put(n, i, "|")
    j = max(2, round(n * 0.62))
    if n - j > 0:
        c.put(-n, yb, "\\" + "_" * max(0, n - j - 1)).put(j + 1, yb, "_" * max(0, n - j - 1) + "/")
    tooth = r.choice(["|", "I", "H", "U", "V"])
    rows_t = between(r, s, 1, 3)
    for i in range(rows_t):
        c.put(-j, yb + i, "|").put(j, yb + i, "|")
        for x in range(-j + 1, j):
            if (x + j) % 2 == 0 or tooth in "HV":
                c.put(x, yb + i, tooth if i < rows_t - 1 or tooth != "|" else "|")
            elif i == rows_t - 1:
                c.put(x, yb + i, "_")
    words = []
    if r.random() < 0.35:
        words.append("crossed bones")
        w = n + between(r, s, 2, 5)
        c.put(-w, yb + rows_t, "(_").put(-w + 2, yb + rows_t, "'-._").put(
            w - 5, yb + rows_t, "_.-'"
        ).put(w - 1, yb + rows_t, "_)")
        c.middle(0, yb + rows_t + 1, "'-._" + "X" + "_.-'" if w > 8 else "><")
        c.put(-w, yb + rows_t + 2, "(_.-'").put(w - 4, yb + rows_t + 2, "'-._)")
    return (c, words)


def alien(r, s):
    c, n = (Canvas(), between(r, s, 3, 11))
    rows = max(2, round(n * 0.6))
    halves = arc_halves(n, rows) + [n] * max(1, rows // 3)
    k = n
    while k > max(1, n // 3):
        k -= 1
        halves.append(k)
    c.body(0, 0, halves, r.choice("_-"), None)
    e = halves[-1]
    c.row(-e + 1, len(halves) - 1, 2 * e - 1, "_")
    y = rows
    w = max(1, n // 3)
    fill = r.choice("#@%XO")
    for d in (-1, 1):
        if n > 5:
            for i in range(2 if n < 9 else 3):
                a = w - i if w - i > 0 else 1
                x0 = d * (n // 2)
                c.put(x0 - a // 2, y + i, fill * (a + 1))
            c.put(d * (n // 2) - w // 2 - 1, y, "(").put(d * (n // 2) - w // 2 + w + 1, y, ")")
        else:
            c.middle(d * max(1, n // 2), y, "0" if r.random() < 0.5 else "@" if n < 5 else "()")
    c.put(0, len(halves) - 2, r.choice("-o_v~"))
    words = []
    if r.random() < 0.6:
        words.append("antennas")
        t = -1 if c.cells.get((0, -1)) == "_" else 0
        a = between(r, s, 1, 4)
        for d in (-1, 1):
            for i in range(a):
                c.put(d * (max(1, n // 3) + i), t - 1 - i, "/" if d > 0 else "\\")
            c.put(d * (max(1, n // 3) + a), t - 1 - a, r.choice("oO@*."))
    if r.random() < 0.5:
        words.append("body")
        y = len(halves)
        c.middle(0, y, "| |")
        m = between(r, s, 2, 6)
        b = between(r, s, 2, 6)
        if m > 2:
            c.put(
                -m,
                y + 1,
                "/"
                + "-" * max(1, m - 2)
                + "'"
                + " " * (2 * m - 2 * max(1, m - 2) - 3)
                + "'"
                + "-" * max(1, m - 2)
                + "\\",
            )
        else:
            c.middle(0, y + 1, "/   \\")
        for i in range(b):
            c.put(-m, y + 2 + i, "|").put(m, y + 2 + i, "|")
        c.put(-m, y + 2 + b, "\\" + "_" * (2 * m - 1) + "/")
        c.put(-m // 2, y + 3 + b, "|").put(m // 2, y + 3 + b, "|")
    return (c, words)


def king(r, s):
    c, n = (Canvas(), between(r, s, 3, 9))
    w = 2 * n + 1
    gem = r.choice(["*", "o", ".", "^"])
    "".join("/\\"[i % 2] for i in range(w - 1 - (w - 1) % 2))
    c.middle(0, -2, "|" + ("\\/" * n)[: w - 2 - (w - 2) % 2] + "|" if w > 6 else "|\\/\\/|"[:w])
    for x in range(-n, n + 1, 2):
        c.put(x, -3, gem)
    c.put(-n, -2, "|" + ("\\/" * n)[: 2 * n - 1][:-1]).put(n, -2, "|")
    c.put(-n, -1, "|" + "_" * (2 * n - 1) + "|")
    h = max(2, round(n * 0.5))
    for i in range(h):
        c.put(-n, i, "|").put(n, i, "|")
    pair(c, r, 0 if h < 3 else 1, max(1, n // 2))
    if h > 1:
        c.put(0, 1 if h < 3 else 2, r.choice("v<>LU"))
    beard = between(r, s, 2, 7)
    hair = r.choice("|/\\~w(;'")
    for i in range(beard):
        k = max(1, n - i * n // (beard + 1))
        c.put(-k, h + i, "\\" if i else "|").put(k, h + i, "/" if i else "|")
        for x in range(-k + 1, k):
            if r.random() < 0.55:
                c.put(x, h + i, hair)
    c.middle(0, h, "\\___/" if n > 4 else "\\_/")
    k = max(1, n - (beard - 1) * n // (beard + 1))
    c.row(-k + 1, h + beard, 2 * k - 1, "'" if k > 1 else "V")
    return (c, ["a crown", "a beard"])


def witch(r, s):
    c, n = (Canvas(), between(r, s, 2, 7))
    hat = between(r, s, 2, 7)
    c.put(0, -hat - 1, r.choice([",", ".", "^"]))
    for i in range(hat):
        c.put(-1 - i, -hat + i, "/").put(1 + i, -hat + i, "\\")
    brim = hat + between(r, s, 2, 4)
    c.put(-brim, -1, "_" * (brim - hat)).put(hat + 1, -1, "_" * (brim - hat))
    if r.random() < 0.5:
        c.put(-brim - 1, 0, "'" + "-" * (2 * brim + 1) + "'")
    else:
        c.put(-brim - 1, 0, "(" + "_" * (2 * brim + 1) + ")")
    k = max(2, n)
    h = max(2, k // 2 + 1)
    for i in range(h):
        c.put(-k, 1 + i, "(" if h < 3 else "|").put(k, 1 + i, ")" if h < 3 else "|")
        c.put(-k - 1 - (i > 0), 1 + i, r.choice("/(|~")).put(
            k + 1 + (i > 0), 1 + i, r.choice("\\)|~")
        )
    pair(c, r, 1, max(1, k // 2))
    c.put(0, 2, r.choice("L<>v7"))
    c.middle(
        0, h + 1, "\\" + "_" * max(1, 2 * k - 3) + "/" if k < 4 else "'" + "-" * (2 * k - 3) + "'"
    )
    if k > 2:
        c.middle(0, h, r.choice(["~~~", "___", "-w-", "\\_/"]))
    return (c, ["a pointed hat"])


SUBJECTS = {
    "face": face,
    "man": man,
    "snowman": snowman,
    "robot": robot,
    "ghost": ghost,
    "skull": skull,
    "alien": alien,
    "king": king,
    "witch": witch,
}
