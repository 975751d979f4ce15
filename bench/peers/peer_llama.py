#!/usr/bin/env python3
"""peer_llama.py GGUF: llama.cpp through llama-cpp-python: a prompt of 128 tokens, then 32 more."""
import sys
import time

import llama_cpp

from common import REPEATS, THREADS, foreground, report

PROMPT, TOKENS = 128, 32


def main():
    model = llama_cpp.Llama(sys.argv[1], n_ctx=512, n_batch=512, n_threads=THREADS,
                            n_threads_batch=THREADS, verbose=False)
    # Values do not matter to the clock; small numbers are special tokens.
    prompt = [model.token_bos()] + [300 + 7 * i % 1000 for i in range(PROMPT - 1)]
    prefill, decode = [], []
    for _ in range(REPEATS + 1):
        time.sleep(0.5)
        model.reset()
        with foreground():
            begin = time.perf_counter()
            model.eval(prompt)
            prefill.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            for i in range(TOKENS):
                model.eval([500 + i])
            decode.append((time.perf_counter() - begin) / TOKENS)
    version = llama_cpp.__version__
    report("llm_prefill", per_second=PROMPT / min(prefill[1:]), version=version)
    report("llm_decode", per_second=1 / min(decode[1:]), version=version)


if __name__ == "__main__":
    main()
