"""Logits of the ASCII transformer: tests/golden/ascii_transformer.safetensors.

Run as `python tests/golden/ascii_transformer.py` with torch. The network is that of
bench/peers/peer_ascii.py with seeded weights (tools/golden/seeded.py), in float64; the file
says how far float32 is from it. It is read whole and token by token.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
sys.path += [str(HERE.parent.parent / "bench/peers"), str(HERE.parent.parent / "tools/golden")]
import peer_ascii as network  # noqa: E402
from seeded import seeded_values  # noqa: E402

SEED = 23
CASES = {
    # width, heads, layers, ffn; the drawing: width, height, style as conditions, and rows
    "test": ((64, 1, 2, 192), (5, 3, 1), [" /\\_/", "( o.o", " > ^ "]),
    "wide": ((96, 4, 3, 256), (0, 0, 0), ["abcdefgh", "\u2588\u2591\u00e9\u2550    "]),
    "tall": ((64, 2, 1, 192), (2, 256, 3), ["\u2580\u2584"] * 70),
}
PROMPT = [ord(c) for c in "a cat"]


def token_of(character):
    c = ord(character)
    return c - 0x2580 + 128 if 0x2580 <= c <= 0x259F else c - 0x2500 + 256 if c >= 0x2500 else c


def sequence(rows, width, height, style):
    tokens = network.head(PROMPT, width, height, style)
    for r, row in enumerate(rows, 1):
        for c, character in enumerate(row):
            tokens.append(network.cell(token_of(character), r, c, width, height))
        tokens.append(network.cell(network.EOL, r, len(row), width, height))
    return torch.tensor(tokens)


def config_of(width, heads, layers, ffn):
    return {"format": "ascii-grid-transformer", "version": 1, "n_layer": layers, "n_head": heads,
            "n_embd": width, "ffn": ffn, "block_size": 4096, "vocab": 384, "rope_base": 1000.0,
            "rms_eps": 1e-5, "max_width": 256, "max_height": 256, "edge": 64, "styles": 16}


@torch.inference_mode()
def case(shape, drawing, rows):
    config = config_of(*shape)
    single = network.AsciiTransformer(config).eval()
    single.load_state_dict({name: torch.from_numpy(seeded_values(name, tuple(p.shape), SEED))
                            for name, p in single.state_dict().items()})
    tokens = sequence(rows, *drawing)
    float32 = single(tokens, single.new_cache(len(tokens)))
    double = single.double()
    logits = double(tokens, double.new_cache(len(tokens)))
    cache = double.new_cache(len(tokens))
    for i in range(len(tokens)):
        assert torch.allclose(double(tokens[i:i + 1], cache, i)[0], logits[i], atol=1e-9)
    error = ((float32 - logits).norm() / logits.norm()).item()
    return config, tokens, logits, error


def main():
    tensors, configs = {}, {}
    for name, (shape, drawing, rows) in CASES.items():
        config, tokens, logits, error = case(shape, drawing, rows)
        configs[name] = {"model": config, "torch_f32_error": error}
        tensors[name + ".tokens"] = tokens.to(torch.int32)
        keep = logits[-24:] if name == "tall" else logits
        tensors[name + ".logits"] = keep.float().contiguous()
    save_file(tensors, HERE / "ascii_transformer.safetensors",
              {"config": json.dumps({"seed": SEED, "cases": configs})})


if __name__ == "__main__":
    main()
