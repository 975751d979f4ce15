"""How the pre-tokenizers of GGUF files split text: tests/golden/pre_tokenizers.json.

Run as `python tests/golden/pre_tokenizers.py [TEXTS]`; written with tokenizers 0.23.3. Every form is a
sequence of Split pre-tokenizers ("isolated") with the regular expressions of the models' own
tokenizers; only contractions are ASCII. A split is the lengths of its words in characters. With
TEXTS, that many random texts instead of the few that are kept.

`bpe` has the ids of one small vocabulary, with the merges ignored for words that are tokens, and not.
"""

import json
import random
import sys
import unicodedata
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

SHORT = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
LLAMA3 = SHORT + (r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = SHORT + (r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+END|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*END|NUMBER|"
         r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
             r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPARK = DEEPSEEK3.replace(r"[\r\n]*|\s*[\r\n]+", r"|[\r\n]")
BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
CHINESE, HAN_KANA = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
LETTERS_WITH_CASE = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
    "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝ"
    "ℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓"
    "𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃")
JAIS = LLAMA3.replace(r"\s+(?!\S)|\s+", "|".join(
    rf"\s{{{n}}}(?!\S)" for n in [512, 256, 128, 64, 32, 16, 8, 4, "1,2"]) + r"|\s")
FORMS = {
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"], "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2], "llama-bpe": [LLAMA3], "qwen2": [QWEN2],
    "qwen35": [QWEN2.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")],
    "ufakzeka": [QWEN2.removeprefix(SHORT + "|")], "laguna": [r"[^\n]+|[\n]+", QWEN2],
    "minicpm5": [r"\p{N}{1,3}", QWEN2.replace(r"|\p{N}|", r"|\p{N}+|")],
    "seed-coder": [QWEN2.replace(r"[^\s\p{L}\p{N}]+[\r\n]*", r"[^\s\p{L}\p{N}\r\n]+")],
    "bailingmoe": [QWEN2.replace(SHORT, r"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])").replace(
        r"\s*[\r\n]+", r"\s*[\r\n]")],
    "exaone-moe": [SHORT + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}|"
                   r" ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"],
    "tekken": [CASED.replace("END", "").replace("NUMBER", r"\p{N}")],
    "gpt-4o": [CASED.replace("END", SHORT + "?").replace("NUMBER", r"\p{N}{1,3}")],
    "youtu": ["[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c"
              "\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|" + HAN_KANA,
              CASED.replace("END", SHORT + "?").replace("NUMBER", r"\p{N}")],
    "deepseek-llm": ["[\r\n]", r"\s?[" + LETTERS_WITH_CASE + "]+",
                     "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$", CHINESE, r"\p{N}+"],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CHINESE, r"\p{N}"],
    "deepseek-v3": [r"\p{N}{1,3}", HAN_KANA, DEEPSEEK3], "spark2_5": [r"\p{N}{1,3}", HAN_KANA, SPARK, r"\p{N}"],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"], "bloom": [BLOOM], "viking": [BLOOM, r"\p{N}"],
    "chameleon": ["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )", r"\p{N}",
                  r"[\p{P}!-/:-@\[-`{-~]", GPT2],
    "jais-2": [JAIS],
}
TEXTS = ["In 2023 and 12345", "I'm sure THEY'LL say don't, it's O'Neill's", "a\tb\n\n  c\r\n   d  ", "café CAFÉ Ünïcode ÀB",
         "HTTPServer iPhone McDonald camelCase XMLHttp", "你好，世界。こんにちは 한국어 ㄅㄆ", "x=1; y+=2.5e-3 // ok\n}", "नमस्ते दुनिया ٣٤ ½Ⅷ",
         "😀👍🏽 👩‍👩‍👧 ❤️", "<sentinel:12>IMGIMGABCZ IMGIMGZ    four  two", "$5 ~a^b|c`d` --flag_name", "ǅ ʰa ªº ﬁ\u0301é", " " * 13 + "x" + " " * 7]
POOLS = ["aBc'sSTtRreEvVmMlLdD 12", " \t\n\r\u00a0\u2003\u2028x", "éÀßǅʰªж中日ㄱ한ㄅาनि\u0301\u0903", "12345½٣Ⅷ ,.", "!$+<=>^~|`/\\-_[]{}\"'…。，、॥۔،：；“”—\u3000",
         "aZ '1.\n中 "]


def texts(count):
    draw = random.Random(17)
    old = unicodedata.ucd_3_2_0  # characters whose category has not changed since
    stable = [c for c in range(1, 0x30000) if old.category(chr(c)) == unicodedata.category(chr(c))
              and old.category(chr(c)) not in ("Cn", "Cs", "Co")]
    for i in range(count):
        pool = ([*map(ord, POOLS[i % 8])] if i % 8 < len(POOLS) else stable if i % 8 == 6 else
                [*map(ord, "".join(POOLS))])
        yield "".join(chr(draw.choice(pool)) for _ in range(draw.randint(1, 24)))


def lengths(form, text):
    splits = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r), "isolated") for r in form])
    return [end - begin for _, (begin, end) in splits.pre_tokenize_str(text)]


def bpe():
    """`hello` is a token that no merge makes."""
    letters = [c for c in "\u0120helo wrd1'\u00c3\u00a9" if c != " "]
    merges = [("h", "e"), ("l", "o"), ("\u0120", "w"), ("o", "r")]
    vocabulary = {t: i for i, t in enumerate([*letters, *map("".join, merges), "hello", "\u0120world", "11"])}
    made = {"tokens": list(vocabulary), "merges": [" ".join(m) for m in merges], "rows": []}
    for text in ["hello world", " hello", "hello 11 hello111", "wor hell world world"]:
        row = {"text": text}
        for name, ignore in (("ids", False), ("whole", True)):
            tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=ignore))
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
            row[name] = tokenizer.encode(text).ids
        made["rows"].append(row)
    return made


def main():
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    kept = list(texts(many)) if many else TEXTS + list(texts(80))
    out = {"texts": kept, "forms": {n: [lengths(f, t) for t in kept] for n, f in FORMS.items()}, "bpe": bpe()}
    text = json.dumps(out, separators=(",", ":")).replace("]],", "]],\n").replace("\"bpe", "\n\"bpe")
    Path(__file__).with_suffix(".json").write_text(text + "\n")


main()
