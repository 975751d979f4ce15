"""The blend filter, stage by stage: tests/golden/blend.safetensors.

Run as `python tests/golden/blend.py` (numpy, torch for its random numbers, safetensors). It
is written from the description of the filter, in double, apart from engine/ascii/blend.
"""

import json
import re
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

HERE = Path(__file__).parent
DEFAULTS = {
    "block": 12, "lit": 25, "low": 0.1, "high": 0.9, "blur": 18, "blurs": 3, "power": 1.8,
    "grain": 22, "grain-seed": 42, "grain-fade": 0.4, "final-grain": 15, "final-seed": 137,
    "cell": 8, "threshold": 0.4, "word-paper": 0.25, "word-ink": 3.2, "word-red": 0.7,
    "word-blue": 1.3, "word-blue-add": 25, "paper": 0.5, "ink": 1.5, "least": 0.05, "most": 0.9,
    "alpha-power": 3, "crowded": 0.45, "crowded-most": 2, "crowded-power": 3.5, "floor": 0.3,
    "aberration": 2, "vignette": 0.3, "vignette-power": 1.5,
}
CHARSET = " .:-=+*#%@"
WORDS = "нет, I feel nothing. "
# name, height, width, what differs from the defaults
CASES = [
    ("defaults", 61, 83, {}),
    ("changed", 29, 53, {"block": 5, "blur": 2, "blurs": 2, "power": 1.1, "cell": 4, "lit": 60,
                         "threshold": 0.33, "low": 0.25, "high": 0.6, "grain": 9, "grain-fade": 0.9, "least": 0.2,
                         "alpha-power": 1.5, "crowded": 0.1, "aberration": 3, "vignette": 0.7,
                         "vignette-power": 2.5, "grain-seed": 3, "word-red": 1.4, "paper": 0.8}),
    ("flat", 40, 36, {"cell": 6}),
    ("small", 7, 11, {"cell": 3}),
]


def font():
    text = (HERE.parent.parent / "engine/ascii/font_data.cpp").read_text()
    rows = re.findall(r"\{0x([0-9A-F]+), \{([0-9,]+)\}\}", text)
    glyphs = {}
    for code, numbers in rows:
        lines = np.array([int(n) for n in numbers.split(",")], np.uint8)
        glyphs[chr(int(code, 16))] = np.unpackbits(lines[:, None], axis=1)
    return glyphs


def picture(name, height, width):
    """Noise on the left, a smooth light on the right, a dark corner."""
    rng = np.random.default_rng(len(name))
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    rgb = np.stack([90 + 120 * x, 70 + 90 * y, 160 - 60 * x], -1)
    if name == "flat":
        return np.full((height, width, 3), 130, np.uint8)
    rough = np.clip(0.7 - x, 0, 1)[..., None] ** 1.5
    rgb = rgb + rough * rng.normal(0, 90, rgb.shape)
    rgb[(x > 0.55) & (y < 0.2)] *= 0.1
    return np.clip(rgb, 0, 255).astype(np.uint8)


def lum(rgb):
    return rgb.astype(float) @ [0.299, 0.587, 0.114]


def store(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def boxes(line, radius):
    n = len(line)
    return np.array([line[max(0, i - radius):i + radius + 1].mean(0) for i in range(n)])


def scores(rgb, p):
    h, w = rgb.shape[:2]
    b, light = p["block"], lum(rgb)
    mag = np.zeros((h, w))
    gx, gy = light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]
    mag[1:-1, 1:-1] = np.sqrt(gx**2 + gy**2)
    rows, columns = h // b, w // b
    if rows * columns == 0:
        return np.zeros((h, w))

    def blocks(a):
        return a[:rows * b, :columns * b].reshape(rows, b, columns, b).mean((1, 3))

    variance = blocks(mag**2) - blocks(mag)**2
    lit = blocks(light) > p["lit"]
    order = np.sort(variance[lit])
    if order.size == 0:
        return np.zeros((h, w))
    low, high = (order[int(q * (order.size - 1))] for q in (p["low"], p["high"]))
    if high <= low:
        return np.zeros((h, w))
    score = np.where(lit, 1 - np.clip((variance - low) / (high - low), 0, 1), 0)
    ys = np.arange(h) * (rows - 1) / (h - 1)
    xs = np.arange(w) * (columns - 1) / (w - 1)
    down = np.array([np.interp(ys, np.arange(rows), score[:, c]) for c in range(columns)]).T
    score = np.array([np.interp(xs, np.arange(columns), down[r]) for r in range(h)])
    for _ in range(p["blurs"]):
        score = boxes(boxes(score.T, p["blur"]).T, p["blur"])
    return score**p["power"]


def grain(rgb, intensity, fade, seed):
    h, w = rgb.shape[:2]
    g = torch.randn(h * w, generator=torch.Generator().manual_seed(seed)).numpy().reshape(h, w)
    return store(rgb + (g.astype(float) * intensity * (1 - fade * lum(rgb) / 255))[..., None])


def cells(count, length):
    return [i * length // count for i in range(count + 1)]


def layer(rgb, score, words, p, glyphs):
    h, w = rgb.shape[:2]
    columns, rows = max(1, round(w / p["cell"])), max(1, round(h / (2 * p["cell"])))
    xs, ys = cells(columns, w), cells(rows, h)
    out, text, next_word = np.zeros_like(rgb), [], 0
    for r in range(rows):
        for c in range(columns):
            box = np.s_[ys[r]:ys[r + 1], xs[c]:xs[c + 1]]
            colour = rgb[box].reshape(-1, 3).astype(float).mean(0)
            centre = score[(ys[r] + ys[r + 1]) // 2, (xs[c] + xs[c + 1]) // 2]
            assert abs(centre - p["threshold"]) > 1e-3, "too near for another order of sums"
            if centre > p["threshold"]:
                char = words[next_word % len(words)]
                next_word += 1
                ink = colour * p["word-ink"] * [p["word-red"], 1, p["word-blue"]]
                ink, paper = ink + [0, 0, p["word-blue-add"]], colour * p["word-paper"]
            else:
                char = CHARSET[int(colour @ [0.299, 0.587, 0.114] * len(CHARSET) / 256)]
                ink, paper = colour * p["ink"], colour * p["paper"]
            text.append(ord(char))
            tall, wide = rgb[box].shape[:2]
            fine = np.kron(glyphs[char], np.ones((tall, wide)))  # (16 tall) x (8 wide)
            share = fine.reshape(tall, 16, wide, 8).mean((1, 3))
            cover = np.floor(share * 255 + 0.5)[..., None].astype(int)
            mixed = store(ink).astype(int) * cover + store(paper).astype(int) * (255 - cover)
            out[box] = (mixed + 127) // 255
    return out, np.array(text, np.int32).reshape(rows, columns)


def mix(grained, over, score, p):
    most, power = p["most"], p["alpha-power"]
    excess = score.mean() - p["crowded"]
    if excess > 0:
        most = max(p["floor"], most - p["crowded-most"] * excess)
        power += p["crowded-power"] * excess
    alpha = (p["least"] + score**power * (most - p["least"]))[..., None]
    return store(grained * (1 - alpha) + over * alpha)


def aberration(rgb, shift):
    x = np.arange(rgb.shape[1])
    out = rgb.copy()
    out[..., 0] = rgb[:, np.maximum(0, x - shift), 0]
    out[..., 2] = rgb[:, np.minimum(len(x) - 1, x + shift), 2]
    return out


def vignette(rgb, strength, power):
    h, w = rgb.shape[:2]
    y, x = np.mgrid[0:h, 0:w]
    distance = np.hypot(x - w / 2, y - h / 2) / np.hypot(w / 2, h / 2)
    return store(rgb * (1 - strength * distance**power)[..., None])


def main():
    glyphs, tensors = font(), {}
    for name, height, width, changes in CASES:
        p = DEFAULTS | changes
        rgb = picture(name, height, width)
        score = scores(rgb, p)
        grained = grain(rgb, p["grain"], p["grain-fade"], p["grain-seed"])
        over, text = layer(rgb, score, WORDS, p, glyphs)
        mixed = mix(grained, over, score, p)
        shifted = aberration(mixed, p["aberration"])
        dark = vignette(shifted, p["vignette"], p["vignette-power"])
        final = grain(dark, p["final-grain"], p["grain-fade"], p["final-seed"])
        print(name, f"mean score {score.mean():.3f}",
              f"words in {np.mean([chr(c) not in CHARSET for c in text.flat]):.2f} of the cells")
        stages = {"picture": rgb, "scores": score.astype(np.float32), "grained": grained,
                  "text": text, "layer": over, "mixed": mixed, "shifted": shifted, "dark": dark,
                  "final": final}
        tensors |= {f"{name}.{stage}": np.ascontiguousarray(v) for stage, v in stages.items()}
    settings = {name: ",".join(f"{k}={v}" for k, v in changes.items())
                for name, _, _, changes in CASES}
    config = {"charset": CHARSET, "words": WORDS, "settings": settings}
    save_file(tensors, HERE / "blend.safetensors", {"config": json.dumps(config)})


if __name__ == "__main__":
    main()
