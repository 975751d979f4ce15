"""Measures of a picture, alone and against its baseline. Every formula is in its file, with its source.

The engine has the same (engine/measure), twice as fast; these are for where its library is not."""

import numpy as np

from lab.measure import palette, pictures

# In the order of the table's columns.
ALONE = ("hf_ratio", "std", "entropy", "mean", "flatness", "clipped", "clipped_full")
AGAINST = ("psnr", "mae", "cosine_distance", "edge", "edge_ratio", "palette")
CHEAP = AGAINST + ALONE
# Those that need the engine (lab/inside.py), of a sample.
INSIDE = ("diffsim_style", "diffsim_content", "diffsim_style_noise", "diffsim_content_noise") + (
    "sqnr_weights",
    "sqnr_input",
)
NAMES = CHEAP + INSIDE
LAYER_NAMES = ("sqnr", "code_used", "code_eff", "code_ends")


def measure(rgb, baseline=None, latent=None, baseline_latent=None):
    """{name: value} of a picture [height, width, 3] uint8; what is undefined is None.

    `baseline` is the picture of the same request without quantization. Numbers against it need equal
    sizes.
    """
    values = dict.fromkeys(CHEAP)
    values |= pictures.alone(rgb)
    if baseline is not None and baseline.shape == rgb.shape:
        values |= pictures.against(rgb, baseline)
        values["palette"] = palette.distance(baseline, rgb)
    if latent is not None and baseline_latent is not None and latent.shape == baseline_latent.shape:
        values["cosine_distance"] = cosine_distance(baseline_latent, latent)
    return {k: None if v is None or not np.isfinite(v) else float(v) for k, v in values.items()}


def cosine_distance(a, b):
    """1 - cosine of the flattened latents in f64; the table rounds to 6 decimals."""
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return 1 - float(a @ b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12)


__all__ = ["ALONE", "AGAINST", "CHEAP", "INSIDE", "LAYER_NAMES", "NAMES", "cosine_distance", "measure"]
