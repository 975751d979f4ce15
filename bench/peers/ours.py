#!/usr/bin/env python3
"""ours.py FOLDER PRECISION ISA BENCH [GGUF]: the same stages by `bench`, its medians."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from common import THREADS, report


def main():
    folder, precision, isa, bench, *llm = sys.argv[1:]
    priority = os.environ.get("PEERS_FIFO", "0")
    prefix = ["chrt", "-f", priority] if priority != "0" else []
    with tempfile.TemporaryDirectory() as folder_of_json:
        out = Path(folder_of_json) / "bench.json"
        command = [*prefix, bench, "--model", folder, "--precision", precision, "--isa", isa,
                   "--threads", str(THREADS), "--steps", "1", "--json", out]
        command += ["--llm", llm[0]] if llm else []
        subprocess.run(command, check=True, stdout=sys.stderr)
        for row in json.loads(out.read_text())["benchmarks"]:
            if row["name"] in ("unet_step", "vae_decode"):
                report(row["name"], ms=row["real_time"], version="")
            elif llm and row["name"].startswith("llm_"):
                report(row["name"], per_second=row["items_per_second"], version="")


if __name__ == "__main__":
    main()
