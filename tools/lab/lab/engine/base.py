"""What every engine takes and gives."""

from dataclasses import asdict, dataclass, field

import numpy as np


@dataclass(frozen=True)
class Request:
    """One picture. A noise_levels of "" leaves them to the model."""

    prompt: str
    negative: str
    seed: int
    sampler: str
    noise_levels: str
    steps: int
    guidance: float
    width: int
    height: int

    def as_dict(self):
        return asdict(self)


class Engine:
    measures_inside = False  # whether the time of measure() is spent in the engine

    def measure(self, *arrays):
        """The cheap measures of a picture: rgb, baseline's rgb, latent, baseline's latent; all but rgb may
        be None. Where the engine has none, by the same formulas in Python."""
        from lab.measure import measure

        return measure(*arrays)


@dataclass
class Painted:
    rgb: np.ndarray  # [height, width, 3] uint8
    png: bytes
    latent: np.ndarray | None  # what the decoder got, [channels, height, width] f32
    engine_ms: float  # wall time inside the engine
    timings: dict = field(default_factory=dict)  # the engine's own, ms by stage
    layers: list = field(default_factory=list)  # where measured: layer, what and its measures
