"""Small pictures in a few big ones: a page with thousands of files would load for minutes."""

import base64
import io

import numpy as np
from PIL import Image

COLUMNS = 16  # and as many rows of an atlas


def side_for(count):
    """Pixels of a thumb's side, so that a page stays below some 25 MB."""
    return 128 if count <= 600 else 96 if count <= 2500 else 64


class Atlas:
    def __init__(self, side):
        self.side, self.thumbs = side, []

    def add(self, rgb):
        image = Image.fromarray(rgb)
        if image.width != image.height:  # on black, centred
            side = max(image.size)
            square = Image.new("RGB", (side, side))
            square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
            image = square
        image = image.resize((self.side, self.side), Image.Resampling.LANCZOS)
        self.thumbs.append(np.asarray(image))

    def as_dict(self):
        return {
            "side": self.side,
            "columns": COLUMNS,
            "atlases": [self._encode(first) for first in range(0, len(self.thumbs), COLUMNS**2)],
        }

    def _encode(self, first):
        thumbs = self.thumbs[first : first + COLUMNS**2]
        rows = -(-len(thumbs) // COLUMNS)
        sheet = Image.new("RGB", (COLUMNS * self.side, rows * self.side))
        for i, thumb in enumerate(thumbs):
            at = (i % COLUMNS * self.side, i // COLUMNS * self.side)
            sheet.paste(Image.fromarray(thumb), at)
        data = io.BytesIO()
        sheet.save(data, "webp", quality=88)
        return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()
