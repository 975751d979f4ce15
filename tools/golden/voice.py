"""A toy voice: a Q8_0 GGUF file with nanollama's keys, and what it says, greedily.

The file is written by the gguf package, the logits are transformers' with the weights that the
package reads back from it.
"""


import gguf
import numpy as np
import torch

import models
import nets
from seeded import seeded_values
from store import FOLDER, relative_error, save

SEED = 110  # its greedy text varies
WORDS = "▁ e a o t n r i ▁w ▁wh ho ▁who re ▁a ▁are ou ▁you th ▁the in ▁i ▁am me er ▁s on".split()
PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *WORDS, "w", "h", "u", "y", "m"]
CONFIG = models.llama_config({"vocab_size": len(PIECES), "num_hidden_layers": 2,
                              "max_position_embeddings": 128, "rope_theta": 500000.0},
                             conjugate=True, qk_norm=True)
PROMPT = "who are you?"


def score(piece):
    return -float(PIECES.index(piece) - 259)


def encode(text):
    """BOS, a space in front, then the pair of the best score is merged until none is a piece."""
    symbols = list("▁" + text.replace(" ", "▁"))
    while True:
        pairs = [(score(a + b), -i) for i, (a, b) in enumerate(zip(symbols, symbols[1:])) if a + b in WORDS]
        if not pairs:
            break
        i = -max(pairs)[1]
        symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
    ids = [1]
    for symbol in symbols:
        known = PIECES.index(symbol) if symbol in PIECES else None
        ids += [known] if known is not None else [3 + byte for byte in symbol.encode()]
    return ids


def write(path, weights):
    """Weights by GGUF name; matrices become Q8_0. Gives them back as the file holds them."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(CONFIG["num_hidden_layers"])
    writer.add_embedding_length(CONFIG["hidden_size"])
    writer.add_feed_forward_length(CONFIG["intermediate_size"])
    writer.add_head_count(CONFIG["num_attention_heads"])
    writer.add_head_count_kv(CONFIG["num_key_value_heads"])
    writer.add_context_length(CONFIG["max_position_embeddings"])
    writer.add_layer_norm_rms_eps(CONFIG["rms_norm_eps"])
    writer.add_rope_freq_base(CONFIG["rope_theta"])
    writer.add_bool("nanollama.qk_norm", True)
    writer.add_bool("nanollama.rope_conjugate", True)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(PIECES)
    writer.add_token_scores([score(p) if i > 258 else 0.0 for i, p in enumerate(PIECES)])
    kinds = [2, 3, 3] + [6] * 256 + [1] * (len(PIECES) - 259)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    read = {}
    for name, values in sorted(weights.items()):
        if values.ndim == 1:
            writer.add_tensor(name, values)
            read[name] = values
        else:
            blocks = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            read[name] = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read


def voice():
    model = nets.llama(CONFIG, SEED)
    names = {name: nets.gguf_name(name) for name in model.state_dict()}
    weights = {names[n]: seeded_values(names[n], tuple(t.shape), SEED) for n, t in model.state_dict().items()}
    read = write(FOLDER / "toy_voice.gguf", weights)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(torch.from_numpy(read[names[name]]))
    exact, ids = nets.double(model), encode(PROMPT)
    new, lead = nets.greedy(exact, ids, 24)
    if 2 in new:
        new = new[:new.index(2) + 1]
    logits = nets.llama_logits(exact, (ids + new)[:-1])
    error = relative_error(nets.llama_logits(model, (ids + new)[:-1]), logits)
    save("toy_voice", {"tokens": np.array(ids), "generated": np.array(new), "logits": logits},
         {"kind": "dump", "prompt": PROMPT, "least_lead": lead, "torch_f32_error": error})
