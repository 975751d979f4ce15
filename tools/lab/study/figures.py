"""python figures.py ROWS.parquet FOLDER: the study's charts, from the packed rows."""

import sys
from pathlib import Path

import duckdb
import matplotlib
import numpy as np
from tables import LAYER, OUTPUTS, PLACES, WEIGHTS

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {
    "Conv2d": "#d1495b", "GroupNorm": "#edae49", "Linear": "#00798c", "LayerNorm": "#7fb7be",
    "ddim": "#00798c", "euler": "#d1495b", "euler-a": "#edae49", "dpm++2m": "#30343f",
}


def save(figure, path):
    figure.savefig(path, dpi=110, bbox_inches="tight", pil_kwargs={"optimize": True})
    plt.close(figure)


def effects(db, names, title, path):
    """Distance by policy: a dot for each prompt, a bar for their mean."""
    rows = db.sql(
        "select policy, prompt, avg(cosine_distance) d from rows where grid = 'study' group by all order by all"
    ).fetchall()
    by_policy = {name: [d for policy, _, d in rows if policy == name] for name in names}
    names = sorted((name for name in names if by_policy[name]), key=lambda name: np.mean(by_policy[name]))
    figure, axis = plt.subplots(figsize=(7, 0.32 * len(names) + 0.8))
    for place, name in enumerate(names):
        axis.barh(place, np.mean(by_policy[name]), color="#c9d6df", height=0.7)
        axis.plot(by_policy[name], [place] * len(by_policy[name]), "|", color="#30343f", markersize=9)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("latent distance to f32 (bar: mean; strokes: 25 prompts)")
    axis.set_title(title, loc="left", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def layers(db, path):
    """Every layer alone, in the order in which a picture passes them."""
    rows = db.sql(
        "select what, layer, any_value(module), avg(cosine_distance) from layers group by all order by all"
    ).fetchall()
    order = {"unet.t": -2, "unet.conv_in": -1, "unet.conv_norm_out": 98, "unet.conv_out": 99}

    def place(layer):
        ends = [rank for start, rank in order.items() if layer.startswith(start)]
        return (ends[0] if ends else 1 if "down_blocks" in layer else 2, layer)

    kinds = sorted({row[0] for row in rows})
    figure, axes = plt.subplots(len(kinds), 1, figsize=(9, 2.6 * len(kinds)), squeeze=False)
    axes = axes[:, 0]
    for axis, what in zip(axes, kinds):
        chosen = sorted((row for row in rows if row[0] == what), key=lambda row: place(row[1]))
        for module in ("Conv2d", "GroupNorm", "Linear", "LayerNorm"):
            points = [(i, max(row[3], 1e-8)) for i, row in enumerate(chosen) if row[2] == module]
            if points:
                axis.plot(*zip(*points), "o", color=COLOURS[module], markersize=4, label=module)
        starts = {}
        for i, row in enumerate(chosen):
            block = ".".join(row[1].split(".")[1:3]) if "_blocks" in row[1] else row[1].split(".")[1]
            starts.setdefault(block, i)
        for block, start in starts.items():
            axis.axvline(start - 0.5, color="#dddddd", linewidth=0.8, zorder=0)
            if "blocks" in block:
                axis.text(start, axis.get_ylim()[1], block.replace("_blocks.", " "), fontsize=7, va="bottom")
        axis.set_yscale("log")
        axis.set_xticks([])
        axis.set_ylabel("latent distance")
        axis.set_title(f"its {what} in three levels", loc="right", fontsize=9, pad=12)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(fontsize=8, ncols=4, frameon=False, loc="lower center", bbox_to_anchor=(0.4, 1.07))
    save(figure, path)


def bits(db, path):
    rows = db.sql(
        "select axes['bits']::int b, axes['round'] r, avg(cosine_distance), avg(psnr) from rows"
        " where grid = 'study' and axes['round'] is not null group by all order by b, r"
    ).fetchall()
    figure, axes = plt.subplots(1, 2, figsize=(8, 3))
    for rounding in dict.fromkeys(row[1] for row in rows):
        points = [row for row in rows if row[1] == rounding]
        for axis, column in zip(axes, (2, 3)):
            axis.plot([p[0] for p in points], [p[column] for p in points], "o-", label=rounding)
    axes[0].set_yscale("log")
    axes[0].set_ylabel("latent distance")
    axes[1].set_ylabel("PSNR, dB")
    axes[0].legend(fontsize=8, frameon=False)
    for axis in axes:
        axis.set_xlabel("bits of the UNet's weights")
        axis.set_xticks(range(2, 7))
        axis.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def steps(db, path):
    rows = db.sql(
        "select axes['bits']::int b, sampler, steps, avg(cosine_distance) from rows"
        " where grid = 'steps' and policy != 'f32' group by all order by b desc, sampler, steps"
    ).fetchall()
    widths = sorted({row[0] for row in rows})
    figure, axes = plt.subplots(1, len(widths), figsize=(11, 2.6), sharey=True)
    for axis, width in zip(axes, widths):
        for sampler in dict.fromkeys(row[1] for row in rows):
            points = [row for row in rows if row[0] == width and row[1] == sampler]
            axis.plot(
                [p[2] for p in points], [p[3] for p in points], "o-", markersize=3.5,
                color=COLOURS[sampler], label=sampler,
            )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xticks([5, 10, 20, 40], ["5", "10", "20", "40"])
        axis.minorticks_off()
        axis.set_title(f"{width} bits", fontsize=9)
        axis.set_xlabel("steps")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("latent distance to f32")
    axes[-1].legend(fontsize=7, frameon=False)
    save(figure, path)


def main():
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect()
    db.sql(f"create view rows as select * from '{sys.argv[1]}'")
    db.sql(LAYER)
    effects(db, OUTPUTS + WEIGHTS, "Which kind of layer", folder / "kinds.png")
    effects(db, [p + "-out3" for p in PLACES], "Which place", folder / "places.png")
    layers(db, folder / "layers.png")
    bits(db, folder / "bits.png")
    steps(db, folder / "steps.png")


if __name__ == "__main__":
    main()
