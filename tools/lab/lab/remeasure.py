"""Measures all pictures of a store again, for when a formula or a store is new."""

from lab.engine import measurer
from lab.worker import latent_of, pixels_of


def remeasure(store):
    engine = measurer()
    facts = {fact["hash"]: fact for fact in store.facts("ok")}
    known, lines = store.measurements(), []
    for fact in facts.values():
        base = facts.get(fact["baseline"]) if fact["baseline"] != fact["hash"] else None
        values = engine.measure(
            _pixels(store, fact),
            _pixels(store, base) if base else None,
            _latent(store, fact),
            _latent(store, base) if base else None,
        )
        lines.append(known.get(fact["hash"], {}) | {"hash": fact["hash"]} | values)
    store.append("measurements", lines)
    store.merge("measurements")
    return len(lines)


def _pixels(store, fact):
    return pixels_of(store.read("pictures", fact["picture"]))


def _latent(store, fact):
    return latent_of(store.read("latents", fact["latent"])) if fact["latent"] else None
