"""Content hashes of files and models. Hashes of big files are kept in the user's cache."""

import hashlib
import json
import os
from pathlib import Path

from lab.errors import FileError

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")


def _cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "yent/lab-hashes.json"


def file_sha256(path):
    """Of a file's bytes. A file of the same size and time as before is not read again."""
    path = Path(path).resolve()
    try:
        stat = path.stat()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror})") from None
    key = f"{path}:{stat.st_size}:{stat.st_mtime_ns}"
    known = {}
    try:
        known = json.loads(_cache().read_text())
    except (OSError, ValueError):
        pass
    if key not in known:
        with path.open("rb") as file:
            known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            _cache().parent.mkdir(parents=True, exist_ok=True)
            draft = _cache().with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(known))
            draft.replace(_cache())
        except OSError:
            pass  # the cache saves time, nothing else
    return known[key]


def model_files(path):
    """The files of a model that can decide a picture's bytes."""
    path = Path(path)
    if path.is_file():
        return [path]
    if not (path / "model_index.json").exists():
        raise FileError(f"{path}: no model there, expected a file or a folder with model_index.json")
    files = [path / "model_index.json"]
    for part in PARTS:
        files += sorted(f for f in (path / part).rglob("*") if f.is_file())
    return files


def model_sha256(path):
    """Of names and contents of a model's files, whatever the folder is called."""
    path, whole = Path(path), hashlib.sha256()
    for file in model_files(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        whole.update(f"{name}\0{file_sha256(file)}\n".encode())
    return whole.hexdigest()


def canonical_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def json_sha256(value):
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
