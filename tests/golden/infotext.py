"""Fills in what public readers make of the texts in infotext.json, which
tests/engine/test_infotext.cpp compares with ours. Written with sd-parsers 0.6, sd-prompt-reader
1.3.5 and sd-geninfo 0.0.3 over Pillow 13.0.0: python tests/golden/infotext.py
"""

import io
import json
import logging
from pathlib import Path

import yaml
from PIL import Image, PngImagePlugin
from sd_geninfo.sd_geninfo import parse_geninfo, read_geninfo
from sd_parsers import ParserManager
from sd_prompt_reader.image_data_reader import ImageDataReader


def picture(text):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    out.seek(0)
    return out


def sd_parsers(text):
    found = ParserManager().parse(picture(text))
    sampler = found.samplers[0]
    return {"prompt": " ".join(p.value for p in found.prompts),
            "negative": " ".join(p.value for p in found.negative_prompts),
            "Sampler": sampler.name, "Model": sampler.model.name, **sampler.parameters,
            **found.metadata}


def sd_prompt_reader(text):
    found = ImageDataReader(picture(text))
    return {"prompt": found.positive, "negative": found.negative, **found.parameter}


def sd_geninfo(text):
    geninfo, _ = read_geninfo(Image.open(picture(text)))
    return yaml.safe_load(parse_geninfo(geninfo))


def main():
    logging.disable(logging.CRITICAL)
    path = Path(__file__).with_name("infotext.json")
    cases = json.loads(path.read_text())
    for case in cases:
        for reader in (sd_parsers, sd_prompt_reader, sd_geninfo):
            try:
                case[reader.__name__] = reader(case["text"])
            except Exception as error:  # a reader's own limit is part of the record
                case[reader.__name__] = type(error).__name__
    path.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")


main()
