"""One golden file: tensors, and what made them as JSON under the metadata key `config`."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "golden"


def inputs(generator, *shape):
    """Unit normals that a half float holds exactly, so that they are stored in half the space."""
    values = generator.standard_normal(shape).astype(np.float16)
    return torch.from_numpy(values).double()


def array(tensor):
    """float64 results become float32; numbers that a half float holds become float16."""
    values = tensor.detach().cpu().numpy() if isinstance(tensor, torch.Tensor) else tensor
    if values.dtype in (np.int64, np.int32):
        return np.ascontiguousarray(values.astype(np.int32))
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    half = values.astype(np.float16)
    exact = np.array_equal(half.astype(values.dtype), values)
    return np.ascontiguousarray(half if exact else values.astype(np.float32))


def relative_error(a, b):
    """Norm of the difference over the norm of b."""
    a, b = a.double(), b.double()
    return float(torch.linalg.vector_norm(a - b) / torch.linalg.vector_norm(b))


def save(name, tensors, config):
    path = FOLDER / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: array(value) for key, value in tensors.items()}, path,
              metadata={"config": json.dumps(config)})
    print(f"{path.relative_to(FOLDER)}: {len(tensors)} tensors, {path.stat().st_size} bytes")
