"""What Hugging Face's CLIPTokenizer makes of difficult texts: tests/golden/clip_tokenizer.json.

Run as `python tests/golden/clip_tokenizer.py FOLDER` with the real vocab.json and merges.txt in
FOLDER. Each text is encoded with it ("real") and with tests/golden/clip_toy ("toy"), which this
program writes first.
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

from transformers import CLIPTokenizer

HERE = Path(__file__).parent
TEXTS = [
    "", " ", "a painting of a cat sitting on a window", "extra fingers, blurry, watermark",
    "A  Photo\tof\n\nNEW YORK", "it's I'M you'll THEY'D we've can't you're 'S '' 'x", "1234 12.5 3d 4K",
    "<|ENDOFTEXT|>", "a <|endoftext|>b", "<|startoftext|>A<|startoftext|>", "x<|EndOfText|>!!y",
    "!<|StartOfText|>", "<|endoftext", "<<|endoftext|>>", "ΑΣ ΟΔΟΣ Σ", "İstanbul I ı ß ẞ ǅ", "a\x1cb\x1fc\x7f",
    "a\x00b", "\ufffd", "a\u2028b\x85c\xa0d\u200bd\u3000e\ufeff", "½ ٣ Ⅷ ⑨ 二 二〇", "e\u0301 é \u1e69 s\u0323\u0307 s\u0307\u0323",
    "\u212b \u2126 \u0958 \ufb1d \U0001d15e", "각 \u1100\u1161\u11a8 \uac00\u11a8 \u1100\u1161",
    "ยิ้ม नमस्ते العربية עִבְרִית", "猫の絵 고양이 그림", "😀😃 👩‍👩‍👧 🇺🇦 👍🏽 ❤️", "a_b-c/d\\e|f", "...!!!???", "don''t",
    "\u0344 a\u0344 \u0f73 \u0f75", "\u0301leading", "naïve café résumé Ångström", "zalgo z\u0310\u0321\u0335\u0302a",
    "word " * 90, "x" * 300, "I'LL I'Ll 'LL'll", "\u017f \u212a K", "«q» “r” ‘s’ it’s", "\u00ad soft\u00adhyphen",
]


def generated(count):
    """Random texts over several alphabets. Marks are of Unicode 3.2: the tokenizers library
    normalizes by tables so old that it knows no order of younger ones."""
    draw = random.Random(5)
    unicode_3_2 = unicodedata.ucd_3_2_0
    old = [c for c in range(1, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
           and unicodedata.combining(chr(c)) == unicode_3_2.combining(chr(c))]
    pools = [old, [c for c in old if c < 0x250], [c for c in old if 0x300 <= c < 0x3000],
             [c for c in old if unicodedata.combining(chr(c))] + list(range(65, 123)),
             [c for c in old if unicodedata.decomposition(chr(c))[:1] not in ("", "<")],
             [ord(c) for c in "aAbe'st<|>1 2.!\n"], [c for c in old if 0x1F000 <= c < 0x1FB00]]
    for i in range(count):
        pool = pools[i % len(pools)]
        yield "".join(chr(draw.choice(pool)) for _ in range(draw.randint(1, 14)))


def write_toy(folder, real):
    """The first merges of the real vocabulary: every byte, a few words."""
    ids = real.get_vocab()
    merges = [tuple(m) for m in json.loads(real.backend_tokenizer.to_str())["model"]["merges"]][:220]
    tokens = sorted(ids, key=ids.get)[:512] + ["".join(m) for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(exist_ok=True)
    vocabulary = {t: i for i, t in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(m) for m in merges)]) + "\n")
    (folder / "special_tokens_map.json").write_text('{"pad_token": {"content": "!"}}\n')


def main():
    real = CLIPTokenizer.from_pretrained(sys.argv[1])
    write_toy(HERE / "clip_toy", real)
    toy = CLIPTokenizer.from_pretrained(HERE / "clip_toy")
    texts = TEXTS + list(generated(260))
    rows = [{"text": t, "nfc": unicodedata.normalize("NFC", t), "real": real(t, add_special_tokens=False).input_ids,
             "toy": toy(t, add_special_tokens=False).input_ids} for t in texts]
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows)
    (HERE / "clip_tokenizer.json").write_text(f"[\n{lines}\n]\n")


main()
