"""A sheet of characters to draw on. x counts columns, y rows; both may be negative."""

FLIPPED = str.maketrans("/\\()<>[]{}", "\\/)(><][}{")


class Canvas:
    def __init__(self):
        self.cells = {}

    def put(self, x, y, text, solid=False):
        """Writes along the row. Spaces let through what is below; solid ones erase it."""
        for i, c in enumerate(text):
            if c != " ":
                self.cells[x + i, y] = c
            elif solid:
                self.cells.pop((x + i, y), None)
        return self

    def block(self, x, y, lines, solid=False):
        """Lines of text, or one string of them; a first empty line does not count."""
        if isinstance(lines, str):
            lines = lines.strip("\n").split("\n")
        for i, line in enumerate(lines):
            self.put(x, y + i, line, solid)
        return self

    def middle(self, x, y, text, solid=False):
        """Written around the column x; an even text begins one to the left."""
        return self.put(x - len(text) // 2, y, text, solid)

    def row(self, x, y, n, c):
        return self.put(x, y, c * n)

    def column(self, x, y, n, c="|"):
        for i in range(n):
            self.put(x, y + i, c)
        return self

    def clear(self, x0, y0, x1, y1):
        for y in range(y0, y1 + 1):
            self.put(x0, y, " " * (x1 - x0 + 1), solid=True)
        return self

    def box(self, x0, y0, x1, y1, kind="_"):
        """Kind "_": lids of underscores, the upper one a row above y0. "+": a frame."""
        self.clear(x0, y0, x1, y1)
        self.column(x0, y0, y1 - y0 + 1).column(x1, y0, y1 - y0 + 1)
        if kind == "_":
            self.row(x0 + 1, y0 - 1, x1 - x0 - 1, "_").row(x0 + 1, y1, x1 - x0 - 1, "_")
        else:
            corners = {"+": "++++", ".": ".." + "''"}[kind]
            for y, (a, b) in ((y0, corners[:2]), (y1, corners[2:])):
                self.put(x0, y, a + "-" * (x1 - x0 - 1) + b)
        return self

    def slope(self, x, y, n, direction):
        """A diagonal of n cells downwards: direction -1 is /, +1 is \\."""
        for i in range(n):
            self.put(x + direction * i, y + i, "/" if direction < 0 else "\\")
        return self

    def body(self, x, y, halves, top="_", bottom="_"):
        """A symmetric outline around the column x: halves[i] columns lie left of it in row y + i, and
        right. Ends are closed by a character, or left open by None."""
        before = None
        for i, h in enumerate(halves):
            self.clear(x - h + 1, y + i, x + h - 1, y + i)
            last = i == len(halves) - 1
            step = 0 if before is None else h - before
            if before is None:
                step = 1 if top and not last and halves[1] > h else 0
            if abs(step) <= 1:
                a = " |"[step == 0] if step == 0 else ("/" if step > 0 else "\\")
                if last and bottom and step == 0 and i:
                    a = "|"
                self.put(x - h, y + i, a).put(x + h, y + i, a.translate(FLIPPED))
            elif step > 1:
                edge = "." + "-" * (step - 1) + "'"
                self.put(x - h, y + i, edge).put(x + before, y + i, "'" + edge[-2::-1])
            else:
                edge = "'" + "-" * (-step - 1) + "."
                self.put(x - before, y + i, edge).put(x + h, y + i, "." + edge[-2::-1])
            before = h
        if top:
            self.row(x - halves[0] + 1, y - (top == "_"), 2 * halves[0] - 1, top)
            if top != "_":
                self.put(x - halves[0], y, ".").put(x + halves[0], y, ".")
        if bottom:
            n = halves[-1]
            self.row(x - n + 1, y + len(halves) - 1, 2 * n - 1, bottom)
            if bottom != "_":
                n = max(n, halves[-2] if len(halves) > 1 and halves[-2] > n + 1 else n)
                self.put(x - n, y + len(halves) - 1, "'" + bottom * (2 * n - 1) + "'")
        return self

    def heap(self, y, spans):
        """An outline that grows downwards: spans[i] are its first and last column in row y + i."""
        before = None
        for i, (left, right) in enumerate(spans):
            self.clear(left, y + i, right, y + i)
            if before is None:
                self.put(left, y, "." + "-" * (right - left - 1) + ".")
            else:
                for at, step, edge in (
                    (left, before[0] - left, ".-'"),
                    (right, right - before[1], "'-."),
                ):
                    if step > 1:
                        text = edge[0] + "-" * (step - 1) + edge[2]
                        self.put(at if edge[0] == "." else at - step, y + i, text)
                    else:
                        self.put(at, y + i, ("/\\" if step else "()")[edge[0] != "."])
            before = left, right
        return self

    def oval(self, x, y, rx, ry, top="_"):
        """Centre and half axes; rows y - ry to y + ry."""
        halves = [
            max(1, round(rx * (1 - ((i - ry) / (ry + 0.6)) ** 2) ** 0.5)) for i in range(2 * ry + 1)
        ]
        return self.body(x, y - ry, halves, top, "_" if top == "_" else "-")

    def line(self, x0, y0, x1, y1):
        """From cell to cell, by the characters that lie along it."""
        dx, dy = x1 - x0, y1 - y0
        if abs(dx) >= 2 * abs(dy):
            for i in range(abs(dx) + 1):
                at = y0 + dy * i / max(1, abs(dx))
                part = at - int(at + 0.5)
                c = "-" if abs(part) < 0.2 or dy == 0 else (".", "'")[part < 0]
                self.put(x0 + i * (1 if dx > 0 else -1), int(at + 0.5), c)
        else:
            steep = abs(dx) * 3 < abs(dy)
            for i in range(abs(dy) + 1):
                at = round(x0 + dx * i / max(1, abs(dy)))
                c = "|" if steep else ("/" if (dx > 0) != (dy > 0) else "\\")
                self.put(at, y0 + i * (1 if dy > 0 else -1), c)
        return self

    def paste(self, other, x, y, solid=False):
        """The other's upper left corner comes to x, y."""
        x0, y0, x1, y1 = other.bounds()
        if solid:
            self.clear(x, y, x + x1 - x0, y + y1 - y0)
        for (cx, cy), c in other.cells.items():
            self.cells[x + cx - x0, y + cy - y0] = c
        return self

    def flipped(self):
        out = Canvas()
        out.cells = {(-x, y): c.translate(FLIPPED) for (x, y), c in self.cells.items()}
        return out

    def bounds(self):
        xs, ys = [x for x, _ in self.cells], [y for _, y in self.cells]
        return min(xs), min(ys), max(xs), max(ys)

    def size(self):
        x0, y0, x1, y1 = self.bounds()
        return x1 - x0 + 1, y1 - y0 + 1

    def text(self):
        x0, y0, x1, y1 = self.bounds()
        rows = (
            "".join(self.cells.get((x, y), " ") for x in range(x0, x1 + 1)).rstrip()
            for y in range(y0, y1 + 1)
        )
        return "\n".join(rows) + "\n"
