"""Records layers under their checkpoint paths, at the points where our fused ops write.

norm1, norm2, conv_norm_out: after SiLU. conv1: bias and time embedding added. conv2: the
resnet's output. to_out.0, out_proj, ff.net.2, fc2: residual added. ff.net.0: GEGLU's output.
fc1: after the activation. proj_out: the transformer's output. time_embedding.linear_{1,2}: after
SiLU.
Images are [n, c, h, w], token sequences [n, tokens, c].
"""

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from transformers.models.clip.modeling_clip import CLIPEncoderLayer

SILU = torch.nn.functional.silu
LEAVES = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.GroupNorm, torch.nn.LayerNorm)


class Recorder:
    """with Recorder(model) as seen: model(...)  ->  seen[path]"""

    def __init__(self, model, rename=lambda name: name):
        self.model, self.rename, self.seen, self.hooks = model, rename, {}, []

    def __enter__(self):
        fused = {}
        for path, module in self.model.named_modules():
            self.fuse(path, module, fused)
        for path, module in self.model.named_modules():
            if isinstance(module, LEAVES) and path not in fused:
                self.output_of(module, path)
        return self.seen

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()

    def keep(self, path, value):
        self.seen[self.rename(path)] = value.detach().clone()

    def output_of(self, module, path, then=lambda x: x):
        def hook(_, __, out):
            self.keep(path, then(out[0] if isinstance(out, tuple) else getattr(out, "sample", out)))
        self.hooks.append(module.register_forward_hook(hook))

    def input_of(self, module, path):
        def hook(_, args):
            self.keep(path, args[0])
        self.hooks.append(module.register_forward_pre_hook(hook))

    def fuse(self, path, module, fused):
        """Hooks what `module` fuses; `fused` collects the leaf paths that are then spoken for."""

        def take(name, how, source, *extra):
            fused[f"{path}.{name}"] = True
            how(source, f"{path}.{name}", *extra)

        if isinstance(module, ResnetBlock2D):
            take("norm1", self.output_of, module.norm1, SILU)
            take("conv1", self.input_of, module.norm2)
            take("norm2", self.output_of, module.norm2, SILU)
            take("conv2", self.output_of, module)
        elif isinstance(module, BasicTransformerBlock):
            take("attn1.to_out.0", self.input_of, module.norm2)
            take("attn2.to_out.0", self.input_of, module.norm3)
            take("ff.net.0", self.output_of, module.ff.net[0])
            fused[f"{path}.ff.net.0.proj"] = True
            take("ff.net.2", self.output_of, module)
        elif isinstance(module, Transformer2DModel):
            take("proj_out", self.output_of, module)
        elif isinstance(module, Attention) and module.group_norm is not None:  # the VAE's
            # It sees [n, c, tokens].
            take("group_norm", self.output_of, module.group_norm, lambda x: x.transpose(1, 2))
            take("to_out.0", self.output_of, module)
        elif isinstance(module, CLIPEncoderLayer):
            take("self_attn.out_proj", self.input_of, module.layer_norm2)
            take("mlp.fc1", self.output_of, module.mlp.activation_fn)
            take("mlp.fc2", self.output_of, module)
        elif path.endswith("conv_norm_out"):
            fused[path] = True
            self.output_of(module, path, SILU)
        elif path in ("time_embedding.linear_1", "time_embedding.linear_2"):
            fused[path] = True
            self.output_of(module, path, SILU)
