"""Painting a row again: the same bytes, or what differs."""

from pathlib import Path

from lab.engine import Request, open_engine
from lab.engine.find import shipped
from lab.identity import model_sha256
from lab.store import write_file
from lab.worker import latent_hash, pixels_of


def request_of(fact):
    return Request(**{name: fact[name] for name in Request.__dataclass_fields__})


def model_path(fact):
    """Where the row's model is now: where it was, or the shipped one if that is the same."""
    if Path(fact["model_path"]).exists():
        return fact["model_path"]
    default = shipped("default")
    return str(default) if default and fact["model"] == "default" else fact["model_path"]


def repeat(store, facts, spec, output=None):
    """Yields (fact, whether pixels and latent are the same bytes, lines that say what differs)."""
    engine, painter, key = open_engine(spec), None, None
    for fact in facts:
        path = model_path(fact)
        if key != (path, fact["policy_text"]):
            if painter:
                painter.close()
            key = (path, fact["policy_text"])
            painter = engine.painter(*key, latents=fact["latent"] is not None)
        painted = painter.paint(request_of(fact))
        if output:
            write_file(Path(output), painted.png)
        before = pixels_of(store.read("pictures", fact["picture"]))
        pixels = before.shape == painted.rgb.shape and bool((before == painted.rgb).all())
        latent = fact["latent"] is None or fact["latent"] == latent_hash(painted.latent)
        how = [] if latent else ["the pixels are the same, the latent is not"]
        if not pixels:
            how = _how(engine, before, painted.rgb)
        yield fact, pixels and latent, [*_causes(fact, engine, spec, path), *how]
    if painter:
        painter.close()


def _causes(fact, engine, spec, path):
    """What is not as it was, whether it changed the bytes or not."""
    now = {
        "version": engine.version,
        "engine": spec["kind"],
        "engine_sha256": engine.sha256,
        "device": engine.device,
        "isa": engine.isa,
        "threads": spec.get("threads", 1),
        "model_sha256": model_sha256(path),
    }
    for name, value in now.items():
        if fact[name] != value:
            short = lambda v: v[:12] if name.endswith("sha256") and v else v  # noqa: E731
            yield f"{name}: {short(fact[name])} then, {short(value)} now"


def _how(engine, before, now):
    if before.shape != now.shape:
        yield f"size: {before.shape[1]} x {before.shape[0]} then, {now.shape[1]} x {now.shape[0]} now"
        return
    changed = (before != now).any(axis=-1)
    values = engine.measure(now, before)
    yield (
        f"{int(changed.sum()):,} of {changed.size:,} pixels differ, by {values['mae']:.3g} on average;"
        f" PSNR {values['psnr']:.1f} dB"
    )
