"""Aligned attention score (DiffSim, arXiv 2412.14580): how alike two pictures are inside a UNet.

One picture's queries read the other's keys and values; what they find is compared with what they find
at home.
"""

import numpy as np


def attend(q, k, v):
    """softmax(q k^T / sqrt(d)) v of [..., tokens, d]."""
    logits = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ v


def aligned(a, b):
    """Cosine over everything of what a's queries find in b and in a. a, b: (q, k, v)."""
    there, here = attend(a[0], *b[1:]).ravel(), attend(*a).ravel()
    return float(there @ here / (np.linalg.norm(there) * np.linalg.norm(here)))


def score(a, b):
    """At most 1; 1 for a picture and itself under the same noise."""
    return (aligned(a, b) + aligned(b, a)) / 2


def mean_square(a, b):
    """The other measure of the paper's code: smaller is more alike."""

    def one_way(x, y):
        return float(((attend(x[0], *y[1:]) - attend(*x)) ** 2).mean())

    return (one_way(a, b) + one_way(b, a)) / 2
