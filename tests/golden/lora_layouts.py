"""Writes one adapter in the layouts of PEFT (BK-SDM's lora.pt), diffusers and kohya, with the
code that writes them in the wild, and lora_layout_expected.safetensors: every touched weight before
and after PEFT merged the adapter. Usage: python lora.py DIR"""

import json
import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import convert_state_dict_to_kohya
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file

out = Path(sys.argv[1])
torch.manual_seed(7)
RANK, ALPHA = 3, 6

MODULES = {
    "unet": {
        "down_blocks.0.resnets.0.conv1": torch.nn.Conv2d(4, 5, 3),
        "down_blocks.0.attentions.0.proj_in": torch.nn.Conv2d(5, 6, 1),
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q": torch.nn.Linear(6, 6),
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0": torch.nn.Linear(6, 6),
        "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj": torch.nn.Linear(6, 10),
    },
    "text_encoder": {
        "text_model.encoder.layers.0.self_attn.q_proj": torch.nn.Linear(8, 8),
        "text_model.encoder.layers.0.mlp.fc1": torch.nn.Linear(8, 7),
    },
}


def tree(modules):
    root = torch.nn.Module()
    for path, module in modules.items():
        at = root
        *parents, name = path.split(".")
        for parent in parents:
            if not hasattr(at, parent):
                at.add_module(parent, torch.nn.Module())
            at = getattr(at, parent)
        at.add_module(name, module)
    return root


adapters, configs, expected = {}, {}, {}
for part, modules in MODULES.items():
    for path, module in modules.items():
        expected[f"{part}.{path}.before"] = module.weight.detach().clone()
    model = get_peft_model(
        tree(modules), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(modules)))
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter)
    adapters[part] = {key: value.clone() for key, value in get_peft_model_state_dict(model).items()}
    configs[part] = model.peft_config["default"].to_dict()
    merged = model.merge_and_unload()
    for path in modules:
        expected[f"{part}.{path}.after"] = merged.get_submodule(path).weight.detach().clone()
save_file(expected, out / "lora_layout_expected.safetensors")

# BK-SDM's training script (huggingface/peft's lora_dreambooth example).
bk = dict(adapters["unet"]) | {"text_encoder_" + k: v for k, v in adapters["text_encoder"].items()}
torch.save(bk, out / "lora_layout_bk.pt")
small = {part: {key: config[key] for key in ("r", "lora_alpha", "use_dora", "use_rslora")}
         for part, config in configs.items()}
(out / "lora_layout_bk_config.json").write_text(json.dumps(
    {"peft_config": small["unet"], "text_encoder_peft_config": small["text_encoder"]}) + "\n")

bare = {part: {k.removeprefix("base_model.model."): v for k, v in adapter.items()}
        for part, adapter in adapters.items()}
StableDiffusionPipeline.save_lora_weights(
    out, unet_lora_layers=bare["unet"], text_encoder_lora_layers=bare["text_encoder"],
    unet_lora_adapter_metadata=configs["unet"],
    text_encoder_lora_adapter_metadata=configs["text_encoder"],
    weight_name="lora_layout_diffusers.safetensors")

kohya = convert_state_dict_to_kohya(
    {f"{part}.{k}": v for part, adapter in bare.items() for k, v in adapter.items()})
for key in kohya:
    if key.endswith(".alpha"):
        kohya[key] = torch.tensor(float(ALPHA))
save_file(kohya, out / "lora_layout_kohya.safetensors")
