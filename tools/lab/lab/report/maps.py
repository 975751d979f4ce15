"""Coordinates in which neighbours look alike: one map of the pictures, one of what quantization changed.

A picture is described by Lab colours on an 8 x 8 grid, and by how rough each cell is; the second map has
the difference to the baseline instead, without the subject. t-SNE (van der Maaten 2008) arranges them; UMAP
(McInnes 2018) where they are many and it is installed; principal components where scikit-learn is missing.
"""

import warnings

import numpy as np

from lab.measure.palette import lab
from lab.measure.pictures import gradient

CELLS = 8
MANY = 2000  # UMAP is compiled for half a minute before it begins; t-SNE takes as long for 2,000 rows


def description(rgb):
    """[CELLS * CELLS * 4]: mean L, a, b, and mean gradient of each cell."""
    values = np.concatenate([lab(rgb), 4 * gradient(rgb)[..., None]], axis=-1)
    side = rgb.shape[0] // CELLS
    cells = values[: side * CELLS, : side * CELLS].reshape(CELLS, side, CELLS, side, 4)
    return cells.mean(axis=(1, 3)).ravel()


def coordinates(thumbs, base, method="auto"):
    """{"look": [[x, y], ...], "change": ..., "method": name}, in 0..1; a row without baseline has no change."""
    found = np.stack([description(thumb) for thumb in thumbs])
    compared = np.array([b >= 0 for b in base])
    change = found - found[np.where(compared, base, 0)]
    change[~compared] = 0
    look, used = arranged(found, method)
    return {
        "look": _points(look),
        "change": _points(arranged(change, method)[0]),
        "method": used,
    }


def _points(xy):
    low, high = xy.min(axis=0), xy.max(axis=0)
    return np.round((xy - low) / np.maximum(high - low, 1e-9), 4).tolist()


def components(values, count):
    centred = values - values.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    reduced = (u * s)[:, :count]
    return np.pad(reduced, ((0, 0), (0, max(0, count - reduced.shape[1]))))


def arranged(values, method="auto"):
    reduced = components(values, min(32, len(values)))
    # Rows that are equal (baselines in the map of changes) would be one point.
    reduced = reduced + np.random.default_rng(0).normal(0, 1e-3, reduced.shape)
    usual = ["umap", "tsne", "pca"] if len(values) >= MANY else ["tsne", "pca"]
    order = usual if method == "auto" else [method]
    if len(values) < 12:
        order = ["pca"]
    for name in order:
        try:
            return {"umap": _umap, "tsne": _tsne, "pca": _pca}[name](reduced), name
        except ImportError:
            if method != "auto":
                raise
    raise AssertionError("principal components need no package")


def _umap(values):
    import umap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neighbours = min(15, len(values) - 1)
        return umap.UMAP(n_neighbors=neighbours, min_dist=0.3, random_state=0).fit_transform(values)


def _tsne(values):
    from sklearn.manifold import TSNE

    return TSNE(perplexity=min(30, (len(values) - 1) / 3), random_state=0).fit_transform(values)


def _pca(values):
    return values[:, :2]
