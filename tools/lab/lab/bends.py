"""Bends JSON 1.2 with the operation `quantize`, to and from policies.

A 1.2 reader refuses operations that it does not know. So a bend of ours has two spellings: native
(`module_type` is `quantize`) and carried (a multiplication by 1, the arguments as `kb.quantize` and as words
in the label). We read both and write the carried one, unless the native one is asked for.
"""

import json
from pathlib import Path

from lab.engine.find import shipped
from lab.errors import FileError, UsageError
from lab.layer_names import UNetShape, bend_pattern, ldm_layers
from lab.policies import canonical_text, glob_match, layer_paths, source_text
from lab.store import write_file

DATASET = "yent/quantization-as-style"
PARTS = {"unet": "diffusion_model", "vae": "first_stage_model", "text_encoder": "cond_stage_model"}
DEFAULTS = {
    "on": ["weights", "input"],
    "bits": 8,
    "codebook": "linear",
    "round": "nearest",
    "seed": 0,
    "zero": "symmetric",
    "clip": 100,
    "clip_abs": None,
    "share_weights": "channel",
    "share_acts": None,
    "group": None,
    "gain": 1,
    "ramp": None,
}  # fmt: skip


def _model(path):
    found = shipped("default") if path == "default" else Path(path)
    if found is None:
        raise FileError("the default model was not found")
    return found


# ---- Reading -----------------------------------------------------------------------------------


def read_bends(text, name):
    """(top-level object, list of bends) of a document of version 1 to 1.2."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise FileError(f"{name}: no JSON ({error})") from None
    bends = document.get("bends", document.get("bend")) if isinstance(document, dict) else None
    bends = list(bends.values()) if isinstance(bends, dict) else bends
    if not isinstance(bends, list) or not all(isinstance(bend, dict) for bend in bends):
        raise FileError(f"{name}: expected an object with a list 'bends'")
    return document, bends


def quantization_of(bend):
    """The arguments of `quantize` in a bend, by any of the spellings; None: another operation."""
    kind, arguments = bend.get("module_type", "rotate"), bend.get("module_args") or {}
    if kind == "quantize":
        return arguments
    if kind != "multiply" or arguments.get("scalar", 1) != 1:
        return None
    carried = (bend.get("kb") or {}).get("quantize")
    if isinstance(carried, dict):
        return carried
    label = bend.get("label") or ""
    return arguments_of(label.split()[1:]) if label.split()[:1] == ["quantize"] else None


def arguments_of(words):
    """Policy words as arguments: `bits=4 act=image` is {"bits": 4, "share_acts": "image"}."""
    keys = {"weights": "share_weights", "act": "share_acts"}
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise FileError(f"'{word}' in a label is no word of a policy")
        key = keys.get(key, key)
        if ".." in value:
            found.setdefault("ramp", {})[key] = [number(float(end)) for end in value.split("..")]
        elif key == "on":
            found[key] = value.split(",")
        elif key in ("bits", "seed", "group"):
            found[key] = int(value)
        elif key in ("clip", "clip_abs", "gain"):
            found[key] = number(float(value))
        else:
            found[key] = value
    return found


def words_of(arguments):
    keys = {"share_weights": "weights", "share_acts": "act"}
    words = []
    for key in DEFAULTS:
        if key in arguments and key != "ramp":
            value = arguments[key]
            words.append(f"{keys.get(key, key)}={','.join(value) if key == 'on' else value}")
    for key, (first, last) in arguments.get("ramp", {}).items():
        words.append(f"{keys.get(key, key)}={first}..{last}")
    return " ".join(words)


def number(value):
    """As the format has numbers: 6 decimals, whole ones as integers."""
    value = round(float(value), 6)
    return int(value) if value == int(value) else value


# Arguments of quantize, and what a policy calls them.
WORDS = {"bits": "bits", "codebook": "codebook", "round": "round", "seed": "seed", "zero": "zero", "clip": "clip",
         "clip_abs": "clip_abs", "share_weights": "weights", "share_acts": "act", "group": "group", "gain": "gain"}  # fmt: skip


def policy_words(arguments):
    """(precision, words) of a policy's rule for the arguments; raises UsageError where there are none."""
    unknown = set(arguments) - set(DEFAULTS)
    if unknown:
        raise UsageError(f"'{sorted(unknown)[0]}' is no argument of quantize")
    full = DEFAULTS | {k: v for k, v in arguments.items() if v is not None}
    on, ramp = sorted(full["on"]), full["ramp"] or {}
    if not on or set(on) - {"weights", "input", "output"}:
        raise UsageError(f"no policy quantizes {' and '.join(on) or 'nothing'}")
    words = []
    for argument, word in WORDS.items():
        if argument in ramp:
            first, last = ramp[argument]
            words.append(f"{word}={first:g}..{last:g}")
        elif full[argument] != DEFAULTS[argument]:
            value = full[argument]
            if value == "stochastic" and not full["seed"]:
                value = "dither"
            words.append(f"{word}={value:g}" if isinstance(value, float) else f"{word}={value}")
    if on == ["input", "weights"] and set(words) <= {"act=tensor"}:
        return "int8", words  # as the kernels do it
    if on == ["weights"]:
        return "f32", words or ["bits=8"]
    return "f32", ["on=" + ",".join(k for k in ("weights", "input", "output") if k in on), *words]


def merged(rules):
    """One rule for weights and another for int8 inputs are one rule: what the kernels do after the weights' grid."""
    if len(rules) != 2:
        return rules
    (_, inputs), (_, weights) = sorted(rules, key=lambda rule: "on=input" not in rule[1])
    if inputs[:1] != ["on=input"] or set(inputs) - {"on=input", "act=tensor"}:
        return rules
    if any(word.startswith(("on=", "steps=", "noise=", "blend=")) for word in weights):
        return rules
    return [("int8", [w for w in weights if w != "bits=8"] + inputs[1:])]


def import_file(path, model, skip=False):
    """(text of a policy, sentences about what was left out) of a bends file."""
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from None
    return import_text(text, str(path), _model(model), skip)


def import_text(text, name, model, skip=False):
    document, bends = read_bends(text, name)
    part = {v: k for k, v in PARTS.items()}.get(document.get("selected_part", "diffusion_model"))
    if part is None:
        raise FileError(f"{name}: no part '{document['selected_part']}', expected one of {', '.join(PARTS.values())}")
    layers = {p: p for p in layer_paths(model) if p.startswith(part + ".")}
    if part == "unet":
        layers = ldm_layers(layers, UNetShape(model))
    else:
        layers = {p[len(part) + 1 :]: p for p in layers}
    rules, left_out = {}, []  # of each layer, the bend that acts first in front
    span = (document.get("steps_min"), document.get("steps_max"))
    for position, bend in reversed(list(enumerate(bends))):
        try:
            for path, rule in _rules_of(bend, span, layers).items():
                rules.setdefault(path, []).append(rule)
        except (UsageError, FileError) as error:
            sentence = f"{name}: bend {position} ({bend.get('path')}): {error}"
            if not skip:
                raise FileError(sentence) from None
            left_out.insert(0, sentence)
    rules = {path: merged(found) for path, found in sorted(rules.items())}
    lines = [f"# {Path(name).name}"]
    for depth in range(max(map(len, rules.values()), default=1)):
        # A layer that is bent several times has a rule in several lists, which act in order.
        lines += ["then"] if depth else []
        lines += [" ".join([p, f[depth][0], *f[depth][1]]) for p, f in rules.items() if depth < len(f)]
        lines += ["* f32"]
    return "\n".join(lines) + "\n", left_out


def _rules_of(bend, span, layers):
    arguments = quantization_of(bend)
    if arguments is None:
        kind = bend.get("module_type", "rotate")
        raise UsageError(f"the operation {kind} is no quantization")
    if not isinstance(bend.get("path"), str):
        raise UsageError("the bend has no path")
    if bend.get("guard"):
        raise UsageError("no policy guards")
    pattern = bend_pattern(bend["path"])
    found = [path for name, path in layers.items() if pattern.fullmatch(name)]
    if not found:
        raise UsageError("no layer of the model has this path")
    precision, words = policy_words(arguments)
    when = _when(bend, span)
    if when and precision == "int8":
        precision, words = "f32", ["on=weights,input", *words]
    return dict.fromkeys(found, (precision, words + when))


def _when(bend, span):
    """Words for the steps, the noise and the blend of a bend."""
    words = []
    first, last = span
    steps = bend.get("steps", "*")
    if steps == "*" and (first, last) != (None, None):
        steps = f"{'' if first is None else first}-{'' if last is None else last}"
    if steps != "*":
        words.append(f"steps={steps}")
    most, least = bend.get("t", [1, 0])
    if [most, least] != [1, 0]:
        words.append(f"noise={most:g}..{least:g}")
    if bend.get("blend", 1) != 1:
        words.append(f"blend={bend['blend']:g}")
    return words


# ---- Writing -----------------------------------------------------------------------------------


def quantize_arguments(precision, words):
    """Arguments of quantize for a rule's precision and words; None: nothing is quantized.

    An int8 rule without `on=` rounds its input to int8, whatever its words say of the weights.
    """
    words = [w for w in words if w.partition("=")[0] not in ("kind", "steps", "noise", "blend")]
    found = arguments_of(words)
    if found.get("round") == "dither":
        found |= {"round": "stochastic", "seed": 0}
    if found.get("share_acts") == "own":
        del found["share_acts"]
    if "on" in found:
        return found
    if precision in ("int8", "i8"):
        return {"on": ["weights", "input"], "bits": found.pop("bits", 8), **found}
    weights = {k: v for k, v in found.items() if k != "share_acts"}
    return {"on": ["weights"], **weights} if weights else None


def rules_of(policy_text, layer, kind=None):
    """(precision, words) of all rules that may hold for a layer, the last of them at all other steps."""
    found, lines = [], [line.split() for line in canonical_text(policy_text).split("\n")]
    if any(line[:1] in (["then"], ["mix"]) for line in lines):
        raise UsageError("bends cannot say what a policy of several lists does")
    for pattern, *rest in (line for line in lines if line):
        if not rest or not glob_match(pattern, layer):
            continue
        kinds = [w[5:].split(",") for w in rest if w.startswith("kind=")]
        if (kinds and kind not in kinds[0]) or (not kinds and kind not in (None, "conv", "linear")):
            continue
        found.append((rest[0], rest[1:]))
        if not any(w.startswith(("steps=", "noise=")) or ".." in w for w in rest[1:]):
            break
    return found or [("f32", [])]


def rule_of(policy_text, layer):
    """(precision, words) of the rule that holds for a layer outside of all steps; f32 where there is none."""
    return rules_of(policy_text, layer)[-1]


def export_text(policy_text, model, part="unet", native=False, kb=True):
    """(canonical document, number of bends, sentences about what was left out) of a policy."""
    shapes = layer_paths(model)
    names = {p: p[len(part) + 1 :] for p in shapes if p.startswith(part + ".")}
    if part == "unet":
        names = {path: name for name, path in ldm_layers(names, UNetShape(model)).items()}
    bends, others = [], {}
    for path, name in names.items():
        found = rules_of(policy_text, path, "conv" if len(shapes[path]) == 4 else "linear")
        if len(found) > 1 and quantize_arguments(*found[-1]) and not _moves(found[-1][1]):
            raise UsageError(f"{path}: bends of some steps would act beside the rule for the others")
        for precision, words in found:
            arguments = quantize_arguments(precision, words)
            if arguments is None and precision != "f32":
                others[precision] = others.get(precision, 0) + 1
            for each in _split(precision, words, arguments):
                bends.append(_bend(name, each, native, kb) | _extras(words))
    document = {"version": 1.2, "selected_part": PARTS[part], "bends": bends}
    left = [f"{n} layers are {precision}, which bends cannot say" for precision, n in others.items()]
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n", len(bends), left


def _moves(words):
    return any(w.startswith(("steps=", "noise=")) for w in words)


def _split(precision, words, arguments):
    """Bends of a rule: what an int8 rule says of the weights, and int8 inputs, are two; the last acts first."""
    if arguments is None:
        return []
    weights = {k: v for k, v in arguments.items() if k not in ("on", "share_acts")}
    if precision not in ("int8", "i8") or "on" in (w.partition("=")[0] for w in words) or weights == {"bits": 8}:
        return [arguments]
    inputs = {"on": ["input"]} | ({"share_acts": arguments["share_acts"]} if "share_acts" in arguments else {})
    return [inputs, {"on": ["weights"], **weights}]


def _extras(words):
    """What stands beside the arguments of a bend."""
    found = {}
    for word in words:
        key, _, value = word.partition("=")
        if key == "steps":
            found["steps"] = value
        elif key == "noise":
            found["t"] = sorted((number(end) for end in value.split("..")), reverse=True)
        elif key == "blend":
            found["blend"] = number(value)
    return found


def _bend(path, arguments, native, kb):
    if native:
        return {"path": path, "module_type": "quantize", "module_args": arguments}
    bend = {
        "path": path,
        "module_type": "multiply",
        "module_args": {"scalar": 1},
        "label": "quantize " + words_of(arguments),
    }
    if kb:
        bend["kb"] = {"dataset": DATASET, "quantize": arguments}
    return bend


def export_file(out, policy, text, model, part, native, kb):
    if text is None:
        path = Path(policy)
        entry = {"file": policy} if path.suffix or "/" in policy else {"shipped": policy}
        text = source_text(entry, Path("."))
    document, count, left_out = export_text(text, _model(model), part, native, kb)
    write_file(Path(out), document.encode())
    return count, left_out
