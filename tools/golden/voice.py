"""A toy voice: a Q8_0 GGUF file with nanollama's keys, and what it says, greedily.

The file is written by the gguf package, the logits are transformers' with the weights that the
package reads back from it.
"""


import gguf
import numpy as np
import torch

import models
import nets
from store import FOLDER, relative_error, save

SEED = 110  # its greedy text varies
WORDS = ("▁ e a o t n r i ▁w ▁wh ho ▁who re ▁a ▁are ou ▁you th ▁the in ▁i ▁am me er ▁s on "
         "w h u y m").split()
BYTES = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
PIECES = BYTES + WORDS
CONFIG = models.llama_config({"vocab_size": len(PIECES), "num_hidden_layers": 2,
                              "max_position_embeddings": 128, "rope_theta": 500000.0},
                             conjugate=True, qk_norm=True)
PROMPT = "who are you?"


def scores(count):
    """Falling in id order behind the special and byte pieces, as SentencePiece gives them."""
    return [0.0] * 259 + [-float(i) for i in range(count - 259)]


def encode(text):
    """BOS, a space in front, then the pair of the best score is merged until none is a piece."""
    symbols = list("▁" + text.replace(" ", "▁"))
    while True:
        pairs = [(-WORDS.index(a + b), -i) for i, (a, b) in enumerate(zip(symbols, symbols[1:]))
                 if a + b in WORDS]
        if not pairs:
            break
        i = -max(pairs)[1]
        symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
    ids = [1]
    for symbol in symbols:
        known = PIECES.index(symbol) if symbol in PIECES else None
        ids += [known] if known is not None else [3 + byte for byte in symbol.encode()]
    return ids


def write(path, config, pieces, weights, matrix_type):
    """Weights by GGUF name; matrices become `matrix_type`. Returns what the file then holds."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_bool("nanollama.qk_norm", config["rope"]["qk_norm"])
    writer.add_bool("nanollama.rope_conjugate", config["rope"]["conjugate"])
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores(scores(len(pieces)))
    unknown, control, byte, normal = 2, 3, 6, 1
    kinds = [unknown, control, control] + [byte] * 256
    writer.add_token_types(kinds + [normal] * (len(pieces) - 259))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    read = {}
    for name, values in sorted(weights.items()):
        kind = gguf.GGMLQuantizationType.F32 if values.ndim == 1 else matrix_type
        blocks = gguf.quants.quantize(values, kind)
        writer.add_tensor(name, blocks, raw_dtype=kind)
        read[name] = gguf.quants.dequantize(blocks, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return read


def voice():
    model = nets.llama(CONFIG, SEED)
    names = {name: nets.gguf_name(name) for name in model.state_dict()}
    weights = {names[n]: tensor.numpy() for n, tensor in model.state_dict().items()}
    read = write(FOLDER / "toy_voice.gguf", CONFIG, PIECES, weights, gguf.GGMLQuantizationType.Q8_0)
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
