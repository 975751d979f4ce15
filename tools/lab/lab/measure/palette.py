"""Distance of two pictures' palettes: 16 colours each in CIELAB, exact earth mover's distance in Delta E.

Lab by IEC 61966-2-1 (sRGB) and CIE 15 for the white of the matrix's row sums; clusters by splitting,
then k-means (Lloyd 1982), all ties decided, so that equal pictures have equal palettes anywhere.
"""

import functools

import numpy as np

_MATRIX = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
COLOURS, ROUNDS = 16, 10


def _linear():
    v = np.arange(256) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear()


def lab(rgb):
    """CIELAB of uint8 sRGB [..., 3]."""
    xyz = _LINEAR[rgb] @ _MATRIX.T / _MATRIX.sum(axis=1)
    knee = 6 / 29
    f = np.where(xyz > knee**3, np.cbrt(xyz), xyz / (3 * knee**2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def pooled(rgb):
    """Mean Lab and count of the pixels that share their upper 5 bits, in ascending order of those."""
    pixels = rgb.reshape(-1, 3)
    top = (pixels >> 3).astype(np.int64)
    index = (top[:, 0] << 10) | (top[:, 1] << 5) | top[:, 2]
    count = np.bincount(index, minlength=1 << 15)
    colours = lab(pixels)
    sums = [np.bincount(index, colours[:, i], 1 << 15) for i in range(3)]
    met = np.flatnonzero(count)
    return np.stack(sums, 1)[met] / count[met, None], count[met].astype(np.float64)


def _spread(points, weights):
    centre = np.average(points, axis=0, weights=weights)
    return centre, (weights[:, None] * (points - centre) ** 2).sum(axis=0)


def _split(points, weights):
    """Clusters by cutting the widest at its mean, until there are 16 or nothing is left to cut."""
    label = np.zeros(len(points), np.int64)
    spreads = [_spread(points, weights)]
    while len(spreads) < COLOURS:
        widths = np.array([spread for _, spread in spreads])
        worst, axis = divmod(int(widths.argmax()), 3)
        if widths[worst, axis] <= 0:
            break
        mine = label == worst
        above = mine & (points[:, axis] > spreads[worst][0][axis])
        if not above.any():
            break
        label[above] = len(spreads)
        mine &= ~above
        spreads[worst] = _spread(points[mine], weights[mine])
        spreads.append(_spread(points[above], weights[above]))
    return np.array([centre for centre, _ in spreads])


def palette(rgb):
    """Centres [n, 3] in Lab and the share of the pixels that each has, n <= 16."""
    points, weights = pooled(rgb)
    centres = _split(points, weights)
    for _ in range(ROUNDS):
        label = _nearest(points, centres)
        mass = np.bincount(label, weights, len(centres))
        sums = np.stack(
            [np.bincount(label, weights * points[:, i], len(centres)) for i in range(3)], 1
        )
        full = mass > 0
        centres[full] = sums[full] / mass[full, None]
    mass = np.bincount(_nearest(points, centres), weights, len(centres))
    return centres[mass > 0], mass[mass > 0] / mass.sum()


def _nearest(points, centres):
    # Three flat differences are four times as fast as a sum over the last axis.
    far = sum((points[:, i, None] - centres[None, :, i]) ** 2 for i in range(3))
    return far.argmin(axis=1)


@functools.lru_cache(maxsize=256)
def _cached(data, shape):
    return palette(np.frombuffer(data, np.uint8).reshape(shape))


def distance(a, b):
    return earth_mover(*_cached(a.tobytes(), a.shape), *palette(b))


def earth_mover(a, share_a, b, share_b):
    """The least cost of carrying shares of `a` to `b`: a linear program, cost Euclid in Lab (CIE76)."""
    from scipy.optimize import linprog

    cost = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=-1))
    n, m = cost.shape
    rows = np.kron(np.eye(n), np.ones((1, m)))
    columns = np.kron(np.ones((1, n)), np.eye(m))
    found = linprog(
        cost.ravel(),
        A_eq=np.vstack([rows, columns[:-1]]),  # the last column follows from the others
        b_eq=np.concatenate([share_a, share_b[:-1]]),
        method="highs",
    )
    return float(found.fun) if found.success else None
