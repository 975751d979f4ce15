"""The small torch.save files that tests/loaders/test_torch_file.cpp reads.

    python tools/golden/torch_files.py tests/golden
"""

import collections
import os
import pathlib
import sys
import types

import numpy
import torch


class Malicious:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def model_checkpoint_class():
    """Stands for pytorch_lightning's, which training leaves as a key in its checkpoints."""
    names = "pytorch_lightning", "pytorch_lightning.callbacks", \
        "pytorch_lightning.callbacks.model_checkpoint"
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    made = type("ModelCheckpoint", (), {"__module__": names[-1]})
    sys.modules[names[-1]].ModelCheckpoint = made
    return made


def state_dict():
    """Every dtype that is read, a tensor per kind of layout."""
    grid = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 4
    state = collections.OrderedDict(
        plain=grid,
        transposed=grid.t(),
        row=grid[1],
        column=grid[:, 2],
        every_second=grid[::2, 1::2],
        tokens_first=torch.arange(2 * 3 * 5, dtype=torch.int16).reshape(2, 3, 5).permute(2, 0, 1),
        parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])),
        scalar=torch.tensor(7.25, dtype=torch.float64),
        empty=torch.zeros(0, 3),
        half=torch.tensor([1, -0.5, 65504], dtype=torch.float16),
        brain=torch.tensor([[1, -3], [0.5, 256]], dtype=torch.bfloat16),
        long=torch.tensor([-1, 2**40]),
        int=torch.tensor([-2, 77], dtype=torch.int32),
        bytes=torch.tensor([0, 255], dtype=torch.uint8),
        chars=torch.tensor([-128, 127], dtype=torch.int8),
        flags=torch.tensor([True, False, True]),
    )
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    return state


def lightning():
    weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    return {
        "epoch": 3,
        "global_step": 470000,
        "seed": 2**70,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": collections.OrderedDict([("a.weight", weight.data), ("a.tied", weight.data)]),
        "callbacks": {
            model_checkpoint_class(): {"monitor": "val", "best": numpy.float64(0.25), "path": None}
        },
        "optimizer_states": [{"state": {0: {"step": torch.ones(3), "betas": (0.9, 0.999)}},
                              "param_groups": [{"params": [0], "size": weight.shape}]}],
        "lr_schedulers": [],
        "tags": {"x", "y"},
        "hyper_parameters": collections.defaultdict(dict, a={"dtype": torch.float32}),
    }


def main(folder):
    torch.save(state_dict(), folder / "torch_state_dict.bin")
    torch.save(state_dict(), folder / "torch_protocol5.bin", pickle_protocol=5)
    torch.save(lightning(), folder / "torch_lightning.bin")
    torch.save({"weight": torch.ones(2), "more": Malicious()}, folder / "torch_malicious.bin")
    torch.save(state_dict(), folder / "torch_legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(state_dict(), folder / "torch_legacy5.bin", pickle_protocol=5,
               _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
