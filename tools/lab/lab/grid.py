"""Grid files: what is varied. A grid is read from TOML and becomes rows; docs/laboratory.md has all keys."""

import itertools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from lab import policies
from lab.engine.base import Request
from lab.engine.find import shipped
from lab.errors import FileError, nearest
from lab.identity import json_sha256, model_sha256

SCHEMA = 1  # of the hash: a new number when a row's meaning changes

DEFAULTS = {
    "name": None,
    "about": "",
    "models": ["default"],
    "prompts": None,
    "prompts_file": None,
    "negative": [""],
    "seeds": [0],
    "samplers": ["ddim"],
    "noise_levels": [""],
    "steps": [10],
    "guidance": [7.5],
    "width": [256],
    "height": [256],
    "baseline": None,
    "latents": True,
    "policies": None,
    "exclude": [],
}
# Axis names of rows, in the order in which they vary, the slowest first.
AXES = {
    "models": "model",
    "prompts": "prompt",
    "negative": "negative",
    "seeds": "seed",
    "samplers": "sampler",
    "noise_levels": "noise_levels",
    "steps": "steps",
    "guidance": "guidance",
    "width": "width",
    "height": "height",
}


@dataclass(frozen=True)
class Model:
    name: str
    path: str
    sha256: str


@dataclass
class Row:
    model: Model
    policy: str
    policy_text: str
    request: Request
    axes: dict
    machine: dict  # version, isa, device
    baseline: str | None = None  # the hash of the row it is compared with
    grid: str = ""
    hash: str = field(init=False)

    def __post_init__(self):
        exact = policies.is_exact(self.policy_text)
        self.hash = json_sha256(
            {
                "schema": SCHEMA,
                "version": self.machine["version"],
                "device": self.machine["device"],
                "isa": None if exact and self.machine["isa"] != "ref" else self.machine["isa"],
                "model": self.model.sha256,
                "policy": self.policy_text,
                "request": self.request.as_dict(),
            }
        )


class Grid:
    def __init__(self, path):
        self.path = Path(path)
        try:
            self.text = self.path.read_text()
            given = tomllib.loads(self.text)
        except OSError as error:
            raise FileError(f"{path}: the grid cannot be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileError(f"{path}: no TOML ({error})") from None
        for key in given:
            if key not in DEFAULTS:
                raise FileError(f"{path}: '{key}' is not known{nearest(key, DEFAULTS)}")
        values = {**DEFAULTS, **given}
        self.name = values["name"] or self.path.stem
        self.latents = bool(values["latents"])
        self.values = {key: self._list(key, values[key]) for key in AXES if key != "models"}
        self._models, self._exclude = values["models"], values["exclude"]
        self._policies, self._baseline = values["policies"], values["baseline"]
        if values["prompts_file"]:
            self.values["prompts"] = self._lines(values["prompts_file"])
        if not self.values["prompts"] or not self._policies:
            raise FileError(f"{path}: a grid needs prompts and [[policies]]")

    def _list(self, key, value):
        if key == "seeds" and isinstance(value, dict):
            if set(value) != {"first", "count"}:
                raise FileError(f"{self.path}: seeds as a table have first and count")
            return list(range(value["first"], value["first"] + value["count"]))
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def _lines(self, name):
        path = self.path.parent / name
        try:
            lines = [line.strip() for line in path.read_text().splitlines()]
        except OSError as error:
            raise FileError(f"{path}: the prompts cannot be read ({error.strerror})") from None
        return [line for line in lines if line and not line.startswith("#")]

    def models(self):
        given = self._models
        named = given if isinstance(given, dict) else {Path(p).name: p for p in self._list("", given)}
        models = []
        for name, place in named.items():
            path = shipped("default") if place == "default" else self.path.parent / place
            if path is None:
                raise FileError("the default model does not ship with this library")
            models.append(Model(name, str(path.resolve()), model_sha256(path)))
        return models

    def expanded_policies(self, model):
        """(name, canonical text, axes) of every policy; two of one name are refused."""
        found = {}
        for entry in self._policies:
            unknown = set(entry) - {"name", "axes", "note", *policies.SOURCES}
            if unknown:
                word = unknown.pop()
                raise FileError(
                    f"{self.path}: a policy's '{word}' is not known"
                    + nearest(word, {"name", "axes", "note", *policies.SOURCES})
                )
            for name, text, axes in policies.expand(entry, self.path.parent, model.path):
                if name in found:
                    raise FileError(f"{self.path}: two policies are called '{name}'")
                found[name] = (name, text, axes)
        baseline = self._baseline or next(iter(found))
        if baseline not in found:
            raise FileError(
                f"{self.path}: the baseline '{baseline}' is no policy{nearest(baseline, found)}"
            )
        # Whatever is compared with it needs the baseline first.
        return [found.pop(baseline), *found.values()]

    def _excluded(self, axes):
        def fits(rule):
            for axis, values in rule.items():
                values = values if isinstance(values, list) else [values]
                if axis not in axes or axes[axis] not in map(str, values):
                    return False
            return True

        return any(fits(rule) for rule in self._exclude)

    def rows(self, machine):
        """All rows, baselines first, then policy by policy, so that networks are loaded seldom.

        A row that another has the hash of is left out: it is the same picture."""
        rows, seen = [], set()
        for model in self.models():
            baselines = {}
            for number, (name, text, extra) in enumerate(self.expanded_policies(model)):
                for axes, request in self._requests(model):
                    key = json_sha256(request.as_dict())
                    labels = {**axes, "policy": name, **extra}
                    if number and self._excluded(labels):
                        continue
                    row = Row(model, name, text, request, labels, machine, grid=self.name)
                    row.baseline = baselines.setdefault(key, row.hash)
                    if row.hash not in seen:
                        seen.add(row.hash)
                        rows.append(row)
        return rows

    def _requests(self, model):
        keys = [key for key in AXES if key != "models"]
        for chosen in itertools.product(*(self.values[key] for key in keys)):
            value = dict(zip(keys, chosen))
            axes = {"model": model.name}
            axes |= {AXES[key]: str(value[key]) for key in keys if len(self.values[key]) > 1}
            axes["prompt"], axes["seed"] = value["prompts"], str(value["seeds"])
            try:
                request = Request(
                    prompt=str(value["prompts"]),
                    negative=str(value["negative"]),
                    seed=int(value["seeds"]),
                    sampler=str(value["samplers"]),
                    noise_levels=str(value["noise_levels"]),
                    steps=int(value["steps"]),
                    guidance=float(value["guidance"]),
                    width=int(value["width"]),
                    height=int(value["height"]),
                )
            except (TypeError, ValueError) as error:
                raise FileError(f"{self.path}: {error}") from None
            yield axes, request
