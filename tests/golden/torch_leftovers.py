"""Writes what trainers leave beside the weights, for tests/loaders/test_torch_leftovers.cpp.
Usage: python torch_leftovers.py FOLDER

    torch_leftovers_2.bin, torch_leftovers_5.bin   every kind, under pickle's protocols 2 and 5
    torch_leftovers_fit.ckpt                       a checkpoint of Lightning's own Trainer
    torch_kinds.bin                                tensors with attributes, 8-bit floats
    torch_kinds_legacy.bin                         the same, in the format before torch 1.6
    torch_words.pt, torch_words_a1111.pt           learned words: a ParameterDict, and a plain dict

Written by torch 2.15.0, numpy 2.4.6, omegaconf 2.4.0, pytorch-lightning 2.6.6, Python 3.11."""

import argparse
import collections
import datetime
import decimal
import fractions
import os
import pathlib
import sys
import tempfile
import types
import typing
import uuid

import numpy as np
import omegaconf
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.parsing import AttributeDict

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
np.random.seed(0)


class Settings(collections.OrderedDict):
    """As mmcv, diffusers and many trainers have one."""


class Names(dict):
    pass


weights = collections.OrderedDict(
    a=torch.arange(6.0).reshape(2, 3), b=torch.nn.Parameter(torch.tensor([0.5, -2.0])))


def config():
    return omegaconf.OmegaConf.create({
        "model": {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "base_learning_rate": 1e-4,
                  "params": {"timesteps": 1000, "ckpt": None, "image": [64, 64], "same": "${model}",
                             "raw": b"\xff", "where": pathlib.Path("/logs"), "must": "???"}},
        "flags": [True, 2.5, "x", 10**30]})


def arrays():
    return {
        "plain": np.arange(6.0).reshape(2, 3), "by_column": np.asfortranarray(np.ones((2, 3))),
        "text": np.array(["ab", "c"]), "objects": np.array(["a", None], object),
        "records": np.zeros(2, [("a", "i4"), ("b", "f8")]), "matrix": np.matrix([[1]]),
        "masked": np.ma.array([1, 2], mask=[0, 1]), "dtype": np.dtype("f4"), "kind": np.float32,
        "scalars": [np.float64(3), np.int64(3), np.bool_(True), np.float16(1), np.str_("x"),
                    np.datetime64("2020-01-01")],
        "random": [np.random.get_state(), np.random.default_rng(0), np.random.RandomState(0)]}


def python_values():
    date = datetime.datetime(2023, 4, 5, 6, 7, 8, 9)
    return {
        "times": [date, date.replace(tzinfo=datetime.timezone.utc), date.date(), date.time(),
                  datetime.timedelta(1)],
        "deque": collections.deque([1, 2], maxlen=4), "slice": slice(1, 2), "range": range(3),
        "bytes": [b"", b"a\xff", bytearray(b"abc"), bytearray()],
        "numbers": [1 + 2j, decimal.Decimal("1.5"), fractions.Fraction(1, 3), 10**40, -(2**70), -5],
        "sets": [{1, 2}, frozenset([3]), set()], "odd": [..., NotImplemented, None, int, dict],
        "counts": collections.Counter("aab"), "chain": collections.ChainMap({"a": 1}),
        "grouped": [collections.defaultdict(list, a=[1]), collections.defaultdict(int)],
        "user": collections.UserDict(a=1),
        "namespace": argparse.Namespace(lr=1e-4, o=types.SimpleNamespace(a=1)),
        "paths": [pathlib.Path("/a"), pathlib.PurePosixPath("b"), pathlib.PureWindowsPath("c")],
        "uuid": uuid.UUID(int=5), "any": typing.Any, "settings": Settings(a=Settings(b=1)),
        "names": Names(a=1), "ordered": collections.OrderedDict(a=1)}


def torch_values():
    return {
        "size": torch.Size([1, 2]), "device": torch.device("cuda:0"), "layout": torch.strided,
        "dtypes": [torch.float16, torch.uint16], "version": torch.__version__,
        "random": torch.Generator().get_state(),
        "parameters": torch.nn.ParameterDict({"x": torch.nn.Parameter(torch.ones(2))}),
        "optimizer": {"state": {0: {"step": torch.tensor(4.0), "exp_avg": torch.ones(2)}},
                      "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}}


def leftovers():
    cycle = []
    cycle.append(cycle)
    return {"epoch": 3, "global_step": 875000, "state_dict": weights, "config": config(),
            "hyper_parameters": AttributeDict(lr=1e-4, cfg=config()), "arrays": arrays(),
            "python": python_values(), "torch": torch_values(), "cycle": cycle,
            "nested": types.SimpleNamespace(a=collections.deque())}


class Fitted(pl.LightningModule):
    def __init__(self, lr=1e-4, cfg=None, names=("a",)):
        super().__init__()
        self.save_hyperparameters()
        self.a = torch.nn.Linear(2, 1)
        torch.nn.init.constant_(self.a.weight, 0.25)

    def training_step(self, batch, _):
        loss = self.a(batch[0]).mean() * 0
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        adam = torch.optim.AdamW(self.parameters(), weight_decay=0)
        return [adam], [torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1.0)]

    def train_dataloader(self):
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)))


def fit():
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        callbacks = [pl.callbacks.ModelCheckpoint(monitor="loss", dirpath="kept"),
                     pl.callbacks.EarlyStopping("loss", strict=False, check_on_train_epoch_end=True)]
        trainer = pl.Trainer(max_epochs=1, logger=False, enable_progress_bar=False, accelerator="cpu",
                             enable_model_summary=False, callbacks=callbacks)
        trainer.fit(Fitted(cfg=config()))
        trainer.save_checkpoint(folder / "torch_leftovers_fit.ckpt")


def kinds():
    noted = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    noted.note = "kept"
    marked = torch.tensor([3.0, 4.0])
    marked.note = 5
    eight = torch.tensor([1.0, -0.4375, 448.0, 0.001953125])
    return {"noted": noted, "marked": marked, "buffer": torch.nn.Buffer(torch.tensor([5.0])),
            "e4m3": eight.to(torch.float8_e4m3fn), "e5m2": eight.to(torch.float8_e5m2),
            "row": torch.arange(12.0).reshape(3, 4)[1], "across": torch.arange(6.0).reshape(2, 3).T,
            "half": torch.tensor([0.5], dtype=torch.half)}


folder = folder.resolve()
torch.save(leftovers(), folder / "torch_leftovers_2.bin")
torch.save(leftovers(), folder / "torch_leftovers_5.bin", pickle_protocol=5)
torch.save(kinds(), folder / "torch_kinds.bin")
torch.save(kinds(), folder / "torch_kinds_legacy.bin", _use_new_zipfile_serialization=False)
word = torch.arange(8.0).reshape(2, 4)
torch.save({"string_to_token": {"*": torch.tensor(265)},
            "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(word)})},
           folder / "torch_words.pt")
torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": word}, "name": "cat", "step": 500,
            "sd_checkpoint": "7460a6fa", "sd_checkpoint_name": "sd-v1-4"},
           folder / "torch_words_a1111.pt")
fit()
