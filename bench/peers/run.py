#!/usr/bin/env python3
"""Runs `bench` and other engines on the same model, back to back, and prints times and ratios."""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from common import THREADS

HERE = Path(__file__).parent
# Group, our precision and ISA, then (name, script, precision, cap of oneDNN's instruction set).
PAINTER = (
    ("int8, amx", "int8", "amx", (("OpenVINO int8 (NNCF) + bf16", "openvino", "int8", ""),
                                  ("ONNX Runtime int8 dynamic", "onnxruntime", "int8", ""))),
    ("bf16, amx", "bf16", "amx", (("OpenVINO bf16", "openvino", "bf16", ""),
                                  ("PyTorch bf16, eager", "torch", "bf16", ""))),
    ("f32", "f32", "amx", (("OpenVINO f32", "openvino", "f32", ""),
                           ("PyTorch f32, eager", "torch", "f32", ""),
                           ("stable-diffusion.cpp, f16 weights", "sdcpp", "f16", ""))),
    ("int8, avx512vnni", "int8", "avx512vnni",
     (("OpenVINO int8 (NNCF), capped alike", "openvino", "int8", "AVX512_CORE_VNNI"),)),
    ("bf16, avx512bf16", "bf16", "avx512bf16", (("OpenVINO bf16", "openvino", "bf16", ""),)),
    ("f32, avx512", "f32", "avx512", (("OpenVINO f32", "openvino", "f32", ""),)),
    ("int8, avx2", "int8", "avx2",
     (("OpenVINO int8 (NNCF), capped alike", "openvino", "int8", "AVX2"),
      ("OpenVINO f32, capped alike", "openvino", "f32", "AVX2"))),
    ("f32, avx2", "f32", "avx2", (("OpenVINO f32, capped alike", "openvino", "f32", "AVX2"),)),
)


def script(name, *arguments, niced=False, **environment):
    """Runs a script of this folder. Returns its figures by stage, or the error."""
    command = [sys.executable, str(HERE / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run((["nice", "-n", "15"] if niced else []) + command, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **environment})
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    figures = {row.pop("stage"): row for row in rows}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        print(f"  {name} {' '.join(map(str, arguments[1:]))}: {last}", file=sys.stderr)
        figures["error"] = last
    return figures


def measure(a, name, arguments, label, **environment):
    print(f"{label} ...", file=sys.stderr, flush=True)
    time.sleep(a.pause)
    return {"label": label, **script(name, *arguments, PEERS_FIFO=str(a.fifo), **environment)}


def prepare(a, peers):
    for label, peer, precision, _ in peers:
        if peer != "torch":
            print(f"{label}: preparing ...", file=sys.stderr, flush=True)
            script(f"peer_{peer}", a.model, precision, a.cache, "--prepare", niced=True)


def painter(a):
    groups = [(group, precision, isa, [p for p in peers if wanted(a, p[1])])
              for group, precision, isa, peers in PAINTER if wanted(a, group)]
    for _, _, _, peers in groups:
        prepare(a, peers)
    results = []
    for group, precision, isa, peers in groups:
        rows = [measure(a, "ours", (a.model, precision, isa, a.bench), f"**ours, {group}**")]
        for label, peer, kind, cap in peers:
            cap = {"ONEDNN_MAX_CPU_ISA": cap} if cap else {}
            rows.append(measure(a, f"peer_{peer}", (a.model, kind, a.cache), label, **cap))
        results.append(rows)
    return results


def voice(a):
    rows = [measure(a, "ours", (a.model, "int8", "amx", a.bench, a.llm), "**ours**")]
    rows.append(measure(a, "peer_llama", (a.llm,), "llama.cpp, without AMX"))
    return rows


def wanted(a, name):
    """--only takes engines and groups; those that it does not name are wanted."""
    kinds = {p[1] for _, _, _, peers in PAINTER for p in peers}
    same = [o for o in a.only if (o in kinds) == (name in kinds)]
    return not same or name in same


def cells(rows, stage, key, digits):
    """A figure and its ratio to the group's first row; above 1 is slower than ours."""
    made = []
    for row in rows:
        own, ours = row.get(stage, {}).get(key), rows[0].get(stage, {}).get(key)
        ratio = own and ours and (own / ours if key == "ms" else ours / own)
        made.append((f"{own:.{digits}f}" if own else "-",
                     f"{ratio:.2f}" if ratio and row is not rows[0] else ""))
    return made


def table(groups, stages, key, unit, digits):
    heads = [h for _, name in stages for h in (f"{name}, {unit}", "theirs / ours")]
    lines = ["| engine | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for rows in groups:
        columns = [cells(rows, stage, key, digits) for stage, _ in stages]
        for i, row in enumerate(rows):
            version = next((row[s]["version"] for s, _ in stages if s in row), "")
            lines.append(f"| {row['label']}{' (' + version + ')' if version else ''} | "
                         + " | ".join(" | ".join(column[i]) for column in columns) + " |")
    return "\n".join(lines)


def machine():
    info = Path("/proc/cpuinfo").read_text()
    field = lambda key: next((line.split(":", 1)[1].strip() for line in info.splitlines()
                              if line.startswith(key)), "?")
    flags = set(field("flags").split())
    named = [f for f in ("amx_int8", "amx_bf16", "avx512_fp16", "avx512_bf16", "avx512_vnni",
                         "avx_vnni", "avx2")
             if f in flags]
    return (f"{field('model name')}, family {field('cpu family')} model {field('model')}, "
            f"{os.cpu_count()} CPUs ({', '.join(named)}), {platform.system()} "
            f"{platform.release().split('-')[0]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder of `bench --synthesize bk-sdm-tiny`")
    parser.add_argument("--bench", type=Path, required=True, help="our bench program")
    parser.add_argument("--llm", type=Path, help="file of `bench --synthesize micro-yent`")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="an engine (openvino, torch, onnxruntime, sdcpp), a group such "
                             "as 'int8, amx', or 'llm'; may be repeated")
    parser.add_argument("--cache", type=Path, default=Path("/tmp/yent-peers"),
                        help="converted and quantized models")
    parser.add_argument("--out", type=Path, help="also write the table here")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--fifo", type=int, default=0, metavar="PRIORITY",
                        help="real-time priority while measuring, on a shared machine")
    parser.add_argument("--pause", type=float, default=3, help="seconds between measurements")
    a = parser.parse_args()
    a.bench = a.bench.resolve()
    text = [f"{machine()}. {THREADS} threads, {datetime.date.today()}."]
    figures = {}
    if a.only != ["llm"]:
        figures["painter"] = painter(a)
        text.append(table(figures["painter"], (("unet_step", "guided step"),
                                               ("vae_decode", "VAE decode")), "ms", "ms", 0))
    if a.llm and wanted(a, "llm"):
        figures["voice"] = voice(a)
        text.append(table([figures["voice"]], (("llm_prefill", "prefill 128"),
                                               ("llm_decode", "decode")),
                          "per_second", "tokens/s", 0).replace("theirs / ours", "ours / theirs"))
    failed = [f"- {row['label'].strip('*')}: {row['error']}" for rows in
              figures.get("painter", []) + [figures.get("voice", [])] for row in rows
              if "error" in row]
    text += ["Failed:\n\n" + "\n".join(failed)] if failed else []
    text = "\n\n".join(text) + "\n"
    print(text)
    if a.out:
        a.out.write_text("# Peers\n\n" + text)
    if a.json:
        a.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
