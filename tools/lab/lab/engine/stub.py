"""A picture that depends on the request alone and takes a stated time: for tests of everything else.

A prompt "fail: WHY" fails, a prompt "die" ends the process, as a crash would.
"""

import hashlib
import io
import os
import time

import numpy as np
from PIL import Image

from lab.engine.base import Engine, Painted
from lab.errors import LabError


class Stub(Engine):
    version, isa, device, sha256 = "stub", "stub", "cpu", "0" * 64
    samplers = []

    def __init__(self, spec):
        self.seconds, self._measures = spec.get("ms", 10) / 1e3, spec.get("measures", True)

    def measure(self, *arrays):
        return super().measure(*arrays) if self._measures else {}

    def painter(self, model, policy_text, latents=True, measures=False):
        return _Painter(self, policy_text)


class _Painter:
    def __init__(self, stub, policy_text):
        self._stub, self._policy = stub, policy_text

    def close(self):
        pass

    def paint(self, request):
        begin = time.perf_counter()
        if request.prompt.startswith("fail: "):
            raise LabError(request.prompt[6:])
        if request.prompt == "die":
            os._exit(9)
        time.sleep(self._stub.seconds)
        text = f"{request.prompt}|{request.seed}|{request.sampler}|{request.steps}"
        draw = np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))
        shift = hashlib.sha256(self._policy.encode()).digest()[0] % 32
        side = (request.height // 8, request.width // 8)
        small = draw.integers(0, 224, (*side, 3), dtype=np.uint8) + np.uint8(shift)
        rgb = np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)
        png = io.BytesIO()
        Image.fromarray(rgb).save(png, "png")
        latent = draw.standard_normal((4, *side)).astype(np.float32) + np.float32(shift / 100)
        return Painted(rgb, png.getvalue(), latent, (time.perf_counter() - begin) * 1e3)
