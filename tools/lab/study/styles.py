"""python styles.py ROWS.parquet FIGURE.png: how far the named styles are from each other.

A picture is a point: contrast, brightness, entropy, flatness, clipped share, edges and fine detail against
f32, and its palette's distance from f32's, each over its deviation in all rows of the grid `styles`. Two
styles are as far apart as their pictures of one request are on average; the spread of a style is the same
for two seeds of one prompt."""

import itertools
import sys

import duckdb
import matplotlib
import numpy as np

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

POINT = """
select policy, prompt, seed, std, mean, entropy, flatness, clipped_full,
  ln(coalesce(edge_ratio, 1)), ln(hf_ratio), coalesce(palette, 0)
from rows where grid = 'styles' order by policy, prompt, seed
"""


def points(db):
    """[policies], [policies, prompts, seeds, measures]"""
    rows = db.sql(POINT).fetchall()
    names = list(dict.fromkeys(row[0] for row in rows))
    prompts, seeds = len({row[1] for row in rows}), len({row[2] for row in rows})
    values = np.array([row[3:] for row in rows], np.float64).reshape(len(names), prompts, seeds, -1)
    return names, values / values.std(axis=(0, 1, 2))


def distances(values):
    """Between policies, and on the diagonal between seeds."""
    count, _, seeds, _ = values.shape
    found = np.zeros((count, count))
    for a, b in itertools.combinations(range(count), 2):
        found[a, b] = found[b, a] = np.linalg.norm(values[a] - values[b], axis=-1).mean()
    for a in range(count):
        pairs = itertools.combinations(range(seeds), 2)
        found[a, a] = np.mean([np.linalg.norm(values[a][:, i] - values[a][:, j], axis=-1).mean() for i, j in pairs])
    return found


def main():
    db = duckdb.connect()
    db.sql(f"create view rows as select * from '{sys.argv[1]}'")
    names, values = points(db)
    found = distances(values)
    spread = found.diagonal()
    print("| | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for name, line in zip(names, found):
        print(f"| {name} | " + " | ".join(f"{v:.2f}" for v in line) + " |")
    apart = [(found[a, b] / max(spread[a], spread[b]), names[a], names[b])
             for a, b in itertools.combinations(range(len(names)), 2)]
    print(f"\nnearest pair: {min(apart)[1]} and {min(apart)[2]}, {min(apart)[0]:.1f} times the greater spread over seeds")
    figure, axis = plt.subplots(figsize=(5, 4.2))
    axis.imshow(found, cmap="YlGnBu")
    axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axis.set_yticks(range(len(names)), names)
    for (i, j), v in np.ndenumerate(found):
        axis.text(j, i, f"{v:.1f}", ha="center", va="center", color="white" if v > found.max() / 2 else "black")
    axis.set_title("distance of styles (diagonal: of seeds)", fontsize=9, loc="left")
    figure.savefig(sys.argv[2], dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
