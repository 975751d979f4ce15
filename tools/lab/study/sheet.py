"""python sheet.py STORE OUT.png POLICY... [--prompts 0 3 7] [--seed 1] [--side 128] [--across]

A contact sheet of a store: a row for each policy and a column for each prompt, or the other way (--across)."""

import argparse
import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from lab.store import Store

GAP, INK = 2, "black"


def pictures_of(store, seed):
    """{(policy, prompt): picture} of the first sampler, and the prompts in the grid's order."""
    facts = [fact for fact in store.facts("ok") if fact["seed"] == seed]
    facts = [fact for fact in facts if fact["sampler"] == facts[0]["sampler"]]
    prompts = list(dict.fromkeys(fact["prompt"] for fact in facts))
    return {(fact["policy"], fact["prompt"]): fact["picture"] for fact in facts}, prompts


def sheet(store, policies, chosen, seed, side, across):
    found, prompts = pictures_of(store, seed)
    prompts = [prompts[i] for i in chosen]
    font = ImageFont.truetype("DejaVuSans.ttf", max(10, side // 11))
    label = 0 if across else round(max(font.getlength(name) for name in policies)) + 8
    head = font.size + 6 if across else 0
    columns, rows = (policies, prompts) if across else (prompts, policies)
    cell = side + GAP
    canvas = Image.new("RGB", (label + len(columns) * cell - GAP, len(rows) * cell + head - GAP), "white")
    draw = ImageDraw.Draw(canvas)
    for r, row in enumerate(rows):
        if not across:
            draw.text((2, r * cell + side // 2), row, INK, font, anchor="lm")
        for c, column in enumerate(columns):
            key = (column, row) if across else (row, column)
            picture = Image.open(io.BytesIO(store.read("pictures", found[key]))).convert("RGB")
            canvas.paste(picture.resize((side, side), Image.LANCZOS), (label + c * cell, head + r * cell))
            if across and r == 0:
                draw.text((c * cell + side // 2, 2), column, INK, font, anchor="mt")
    return canvas


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("store")
    options.add_argument("out", type=Path)
    options.add_argument("policies", nargs="+")
    options.add_argument("--prompts", type=int, nargs="+", default=[0, 9, 18, 20])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--side", type=int, default=128)
    options.add_argument("--across", action="store_true")
    args = options.parse_args()
    made = sheet(Store(args.store), args.policies, args.prompts, args.seed, args.side, args.across)
    made.quantize(255, dither=Image.Dither.NONE).save(args.out, optimize=True)
    print(args.out, args.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
