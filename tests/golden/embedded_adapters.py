"""Writes the names of the tensors that diffusers and transformers write for a UNet and a CLIP text
encoder which have an adapter that was not fused: JSON, the part and its names, without those that
have no adapter. diffusers 0.42.1, transformers 5.24, PEFT 0.21.
Usage: python embedded_adapters.py TOY_PAINTER > embedded_adapters.json"""

import json
import sys
import tempfile
from pathlib import Path

from diffusers import UNet2DConditionModel
from peft import LoraConfig, inject_adapter_in_model
from safetensors import safe_open
from transformers import CLIPTextModel

painter = Path(sys.argv[1])
STYLE = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]


def names(model, file):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        with safe_open(Path(folder) / file, "pt") as saved:
            return [n for n in saved.keys() if "base_layer" in n or "lora_" in n]


unet = UNet2DConditionModel.from_pretrained(painter / "unet")
unet.add_adapter(LoraConfig(r=4, target_modules=STYLE), adapter_name="style")
text = CLIPTextModel.from_pretrained(painter / "text_encoder")
inject_adapter_in_model(LoraConfig(r=3, target_modules=["q_proj", "fc2"]), text)
print(json.dumps({"unet": names(unet, "diffusion_pytorch_model.safetensors"),
                  "text_encoder": names(text, "model.safetensors")}, indent=0))
