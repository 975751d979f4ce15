"""The program `yent-run`, where the library is not. It loads the networks again for every picture."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from lab.engine.base import Engine, Painted
from lab.errors import FileError, LabError, UsageError
from lab.identity import file_sha256


class Program(Engine):
    samplers = []  # the program refuses what it does not know

    def __init__(self, spec):
        self.spec = spec
        self.sha256 = file_sha256(spec["path"])
        version = self.run(["--version"], "the version")
        self.version = version.split()[-1]
        self.device = spec.get("device", "cpu")
        self._isa = spec.get("isa")

    @property
    def isa(self):
        """The program names its instruction set only with a picture."""
        if not self._isa:
            with tempfile.TemporaryDirectory() as folder:
                told = self.run(
                    ["-q", "--raw", "-p", "", "--steps", "1", "-W", "64", "-H", "64", "--json"]
                    + ["-t", "1", "--device", self.device, "-o", f"{folder}/a.png"],
                    "a first picture",
                )
            self._isa = json.loads(told)["isa"]
        return self._isa

    def run(self, arguments, what):
        try:
            done = subprocess.run(
                [self.spec["path"], *arguments], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise FileError(f"{self.spec['path']}: cannot be run ({error.strerror})") from None
        if done.returncode:
            said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            kind = {2: UsageError, 3: FileError}.get(done.returncode, LabError)
            raise kind(f"{what}: {said}")
        return done.stdout

    def painter(self, model, policy_text, latents=True):
        return _Painter(self, model, policy_text, latents)


class _Painter:
    def __init__(self, program, model, policy_text, latents):
        self._program, self._model, self._latents = program, str(model), latents
        self._folder = tempfile.TemporaryDirectory()
        self._policy = Path(self._folder.name) / "row.policy"
        self._policy.write_text(policy_text + "\n")

    def close(self):
        self._folder.cleanup()

    def paint(self, request):
        folder, spec = Path(self._folder.name), self._program.spec
        picture, dump = folder / "a.png", folder / "a.safetensors"
        arguments = ["-q", "--raw", "--json", "-m", self._model, "--policy", str(self._policy)]
        arguments += ["--device", spec.get("device", "cpu"), "-t", str(spec.get("threads", 1))]
        arguments += command_arguments(request) + ["-o", str(picture)]
        if spec.get("isa"):
            arguments += ["--isa", spec["isa"]]
        if self._latents:
            arguments += ["--dump", str(dump)]
        begin = time.perf_counter()
        told = json.loads(self._program.run(arguments, "yent-run"))
        engine_ms = (time.perf_counter() - begin) * 1e3
        with Image.open(picture) as image:
            rgb = np.asarray(image.convert("RGB"))
        latent = None
        if self._latents:
            from safetensors import safe_open

            with safe_open(dump, "np") as tensors:
                latent = tensors.get_tensor("latent")[0]
        return Painted(rgb, picture.read_bytes(), latent, engine_ms, told["timings_ms"])


def command_arguments(request):
    """The options of yent-run for a request, also shown in the report."""
    arguments = ["-p", request.prompt, "-n", request.negative, "-s", str(request.seed)]
    arguments += ["--steps", str(request.steps), "--cfg-scale", f"{request.guidance:g}"]
    arguments += ["-W", str(request.width), "-H", str(request.height)]
    arguments += ["--sampler", request.sampler]
    if request.noise_levels:
        arguments += ["--scheduler", request.noise_levels]
    return arguments
