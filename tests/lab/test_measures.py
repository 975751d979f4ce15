"""The formulas against numbers that were calculated elsewhere."""

import attention_formula as attention
import layer_formulas as layers
import numpy as np
import pytest

from lab import measure
from lab.measure import palette, pictures


def picture_p():
    y, x = np.mgrid[:256, :256]
    return np.stack([(3 * x + 5 * y) % 256, (x * x // 64 + 2 * y) % 256, (x * y // 32) % 256], -1).astype(
        np.uint8
    )


P = picture_p()
Q = (85 * (P // 64)).astype(np.uint8)


def test_pictures_against_each_other():
    values = measure.measure(Q, P)
    expected = {"psnr": 18.647319, "mae": 24.498301, "edge": 0.100591, "edge_ratio": 1.112812}
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, abs=1e-6), name
    assert values["palette"] == pytest.approx(23.692910, abs=1e-4)


def test_pictures_alone():
    names = ["hf_ratio", "std", "entropy", "mean", "clipped", "flatness"]
    numbers = [
        (P, [0.044653, 49.851082, 7.642766, 125.886063, 0.030594, 0]),
        (Q, [0.035993, 64.012326, 5.923787, 125.574585, 0.868240, 0.034180]),
    ]
    for rgb, expected in numbers:
        values = measure.measure(rgb)
        assert [values[n] for n in names] == pytest.approx(expected, abs=1e-6)
        assert values["psnr"] is None


def test_equal_pictures_have_no_psnr_and_no_distance():
    values = measure.measure(P, P, np.ones((4, 2, 2)), 2 * np.ones((4, 2, 2)))
    assert values["psnr"] is None and values["mae"] == 0 and values["edge"] == pytest.approx(0, abs=1e-12)
    assert values["palette"] == pytest.approx(0, abs=1e-9)
    assert values["cosine_distance"] == pytest.approx(0, abs=1e-12)


def test_one_colour_and_odd_sizes_are_measured_without_nan():
    flat = np.full((7, 13, 3), 255, np.uint8)
    values = measure.measure(flat, np.zeros_like(flat))
    assert values["hf_ratio"] == 0 and values["flatness"] is None and values["clipped_full"] == 1
    assert values["edge"] is None and values["palette"] == pytest.approx(100, abs=1e-3)
    assert all(v is None or np.isfinite(v) for v in values.values())
    assert measure.measure(flat, P)["mae"] is None  # other sizes


def test_lab():
    assert palette.lab(np.uint8([255, 0, 0])) == pytest.approx([53.240792, 80.092470, 67.203193], abs=1e-6)
    assert palette.lab(np.uint8([128, 128, 128])) == pytest.approx([53.585013, 0, 0], abs=1e-6)


def test_palette_of_few_colours_is_exact():
    two = np.zeros((4, 4, 3), np.uint8)
    two[:, 1:] = (255, 0, 0)
    centres, share = palette.palette(two)
    assert sorted(share) == [0.25, 0.75] and len(centres) == 2


@pytest.mark.parametrize(
    "bits, db, used, entropy, ends", [(4, 26.524302, 9 / 15, 3.052192, 0.296875), (2, 9.381998, 1, 1.582513, 0.671875)]
)
def test_a_layer(bits, db, used, entropy, ends):
    w = np.sin(1 + 0.37 * np.arange(64)).reshape(1, 64)
    q, codes = layers.quantize(w, bits)
    usage = layers.code_usage(codes, 2**bits - 1)
    assert layers.sqnr(w, q) == pytest.approx(db, abs=1e-4)
    assert usage["code_used"] == pytest.approx(used) and usage["code_ends"] == pytest.approx(ends)
    assert usage["code_eff"] == pytest.approx(2**entropy / (2**bits - 1), abs=1e-6)
    assert layers.sqnr(w, w) is None


def test_aligned_attention():
    qkv = [np.sin(s + 0.37 * np.arange(24)).reshape(2, 3, 4) for s in range(1, 7)]
    a, b = tuple(qkv[:3]), tuple(qkv[3:])
    assert attention.aligned(a, b) == pytest.approx(-0.160970, abs=1e-6)
    assert attention.aligned(b, a) == pytest.approx(-0.036585, abs=1e-6)
    assert attention.score(a, b) == pytest.approx(-0.098777, abs=1e-6)
    assert attention.mean_square(a, b) == pytest.approx(0.298759, abs=1e-6)
    assert attention.score(a, a) == pytest.approx(1)


def test_resizing_is_pillows():
    assert pictures.p256(P) is P
    assert pictures.p256(P[:100, :64]).shape == (256, 256, 3)
