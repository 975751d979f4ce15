"""What sentencepiece and tokenizers make of texts: tests/golden/vocab_tokenizer.json.

Run as `python tests/golden/vocab_tokenizer.py`. Trains two toy vocabularies on a few lines. For
"llama", `ids` has the prefix as sentencepiece adds it; `nanollama` has it unless the text begins
with a space.
"""

import io
import json
import random
from pathlib import Path

import sentencepiece as spm
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

LINES = """the painter looks at the window and sees the sea again
  two  spaces, three   spaces; tabs	and 1234 numbers 56 7
I'm sure that you'll say we've been there, haven't they'd
привет мир, как дела? всё хорошо
def add(a, b):
    return a + b  # the sum
кот сидит на окне и смотрит на море; the cat sits on the window""".split("\n")
TEXTS = [
    "", " ", "  ", "the cat", " the cat", "  the  cat ", "hello, мир!", "12345 and 6", "a\tb\nc\r\n\r\n d",
    "I'M YOU'LL 'tis don't 'S'", "emoji 😀👍🏽 and 漢字", "e\u0301 é \u1e69 ﬁ", "\u2581mark \u2581", "<s> </s> <unk> <0x41>",
    "a\x00b\x7f", "...!!! (x+y)==z; // \n\n", "trailing   ", "\n\n  \n x", "word1word22word333", "\u00a0nbsp\u3000wide",
    "the window " * 30, "ооо" * 40, "½ ٣ Ⅷ 1½", "a\u2028b", "   \n   text", "'", "''s", "x'Ve",
]
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
           r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def texts():
    draw = random.Random(3)
    alphabet = "aehinotw  \n\r\t'12.,!" + "кот é😀\u0301"
    return TEXTS + ["".join(draw.choice(alphabet) for _ in range(draw.randint(1, 16))) for _ in range(60)]


def sentencepiece_vocabulary():
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, model_type="bpe", vocab_size=420,
        byte_fallback=True, split_digits=True, allow_whitespace_only_pieces=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)
    return spm.SentencePieceProcessor(model_proto=model.getvalue())


def kind(sp, i):
    return (2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 5 if
            sp.is_unused(i) else 1)


def written_prefix(sp, text):
    """A space that the text begins with is the prefix."""
    if text == " ":
        return [sp.piece_to_id("\u2581")]
    return sp.encode(text[1:] if text[:1] == " " else text)


def llama():
    sp = sentencepiece_vocabulary()
    rows = [{"text": t, "ids": sp.encode(t), "nanollama": written_prefix(sp, t)} for t in texts()]
    ids = range(sp.get_piece_size())
    return {"tokens": [sp.id_to_piece(i) for i in ids], "scores": [sp.get_score(i) for i in ids],
            "types": [kind(sp, i) for i in ids], "rows": rows}


def gpt2():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(made.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    return {"tokens": tokens, "merges": merges,
            "rows": [{"text": t, "ids": made.encode(t).ids} for t in texts()]}


def main():
    golden = {"llama": llama(), "gpt2": gpt2()}
    text = json.dumps(golden, separators=(",", ":")).replace("},{", "},\n{")
    Path(__file__).with_suffix(".json").write_text(text + "\n")


main()
