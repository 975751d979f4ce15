"""python tools/golden: regenerates every PyTorch reference under tests/golden.

Needs what requirements.txt beside this names, from PyPI; the tests need none of it.
"""

import torch

import ldm_names
import models
import painter
import trajectories
import voice

torch.set_num_threads(1)  # one order of summation, whatever the machine
models.unets()
models.vaes()
models.clips()
models.llamas()
trajectories.trajectories()
painter.painters()
ldm_names.ldm_names()
voice.voice()
