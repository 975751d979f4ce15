"""Cheap measures on pixels. Sums are f64, Y = .299 R + .587 G + .114 B in 0..255."""

import numpy as np
from PIL import Image


def luma(rgb):
    return rgb.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def p256(rgb):
    """The picture at 256 x 256, as the public table measures it: Pillow's bilinear."""
    if rgb.shape[:2] == (256, 256):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((256, 256), Image.Resampling.BILINEAR))


def luma256(small):
    r, g, b = (small[..., i].astype(np.int32) for i in range(3))
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


def gradient(rgb):
    """Sobel's magnitude / 8 on Y; border pixels are repeated."""
    y = np.pad(luma(rgb), 1, mode="edge")
    across, down = y[:, 2:] - y[:, :-2], y[2:] - y[:-2]
    gx = across[:-2] + 2 * across[1:-1] + across[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.hypot(gx, gy) / 8


_FAR = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None]) > 0.25


def hf_ratio(gray):
    """Share of the power of L minus its mean beyond a quarter of the sampling frequency."""
    half = np.fft.rfft2(gray - gray.mean())
    power = half.real**2 + half.imag**2
    power[:, 1:-1] *= 2  # the other half, which is the same
    total = power.sum()
    return float(power[_FAR].sum() / total) if total > 1e-9 else 0.0


def entropy_bits(counts):
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())


def flatness(rgb):
    """Share of whole 8 x 8 blocks whose Y deviates by less than 2 from its mean."""
    h, w = (side // 8 for side in rgb.shape[:2])
    if h * w == 0:
        return None
    blocks = luma(rgb)[: 8 * h, : 8 * w].reshape(h, 8, w, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
    return float((blocks.std(axis=1) < 2).mean())


def clipped(rgb):
    return float(((rgb == 0) | (rgb == 255)).any(axis=-1).mean())


def alone(rgb):
    small = p256(rgb)
    gray = luma256(small)
    return {
        "hf_ratio": hf_ratio(gray),
        "std": float(gray.std()),
        "entropy": entropy_bits(np.bincount(gray.ravel(), minlength=256)),
        "mean": float(gray.mean()),
        "flatness": flatness(rgb),
        "clipped": clipped(small),
        "clipped_full": clipped(rgb),
    }


def against(rgb, baseline):
    """psnr (equal pictures: None), mae, edge (0: the same edges), edge_ratio (above 1: more of them)."""
    difference = rgb.astype(np.float64) - baseline
    square = (difference**2).mean()
    a, b = gradient(baseline), gradient(rgb)
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return {
        "psnr": float(10 * np.log10(255**2 / square)) if square else None,
        "mae": float(np.abs(difference).mean()),
        "edge": float(1 - (a * b).sum() / norm) if norm else None,
        "edge_ratio": float(b.mean() / a.mean()) if a.any() else None,
    }
