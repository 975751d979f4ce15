#!/usr/bin/env python3
"""Measures yent-server on this machine and prints a table, with the targets beside.

    bench/server.py build/bin/yent-server build/libyent.so [--only NAME...] [--requests 10000]

The picture is timed against the library in this process, pair by pair; both paint with all cores, one
after the other. Needs numpy, for the laboratory's binding of the library. Run it on an idle machine."""

import argparse
import base64
import http.client
import json
import os
import random
import statistics
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/server"), str(ROOT / "tools/lab")]

import serving  # noqa: E402

FORGOTTEN = 75  # seconds after which a finished job is on disk alone, and what it took is given back
SMALL = {"width": 64, "height": 64, "steps": 1, "previews": False}


class Client:
    def __init__(self, url):
        self.host = url.split("/")[2]
        self.connection = http.client.HTTPConnection(self.host, timeout=120)
        self.headers = {"content-type": "application/json"}

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        cookie = answer.getheader("set-cookie")
        if cookie:
            self.headers["cookie"] = cookie.split(";")[0]
        return answer.status, text

    def job(self, **fields):
        status, text = self.ask("POST", "/jobs", {"kind": "paint", "prompt": "a cat", **fields})
        assert status == 202, text
        return json.loads(text)["id"]

    def events(self, job):
        """(name, data) as they come, over a connection of their own."""
        connection = http.client.HTTPConnection(self.host, timeout=300)
        connection.request("GET", f"/events/{job}", headers=self.headers)
        answer, name = connection.getresponse(), ""
        while line := answer.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                yield name, json.loads(line[6:])
        connection.close()

    def finished(self, job):
        return [data for name, data in self.events(job) if name in ("done", "failed", "cancelled")]


def process_of(url):
    port = int(url.split(":")[2].rstrip("/"))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"127.0.0.1:{port}" in (folder / "cmdline").read_bytes().decode().split("\0"):
                return folder
        except OSError:
            pass
    raise SystemExit("the server's process is not in /proc")


def memory_mb(process):
    for line in (process / "status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def cpu_seconds(process):
    fields = (process / "stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(args):
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        with serving.server(args.program):
            times.append(time.perf_counter() - begin)
    return f"{statistics.median(times):.2f} s (asked every 0.1 s)", "0.5 s"


def picture(args):
    from lab.engine.base import Request
    from lab.engine.library import Library

    cores = len(os.sched_getaffinity(0))
    library = Library({"path": args.library, "threads": cores})
    policy = (ROOT / "weights/policies/auto.policy").read_text()
    painter = library.painter(ROOT / "weights/default", policy)
    ours, theirs, same = [], [], 0
    with serving.server(args.program) as url:
        client = Client(url)
        for seed in range(22):
            body = {"prompt": "a cat", "seed": seed, "steps": 25, "cfg_scale": 7.5, "negative_prompt": ""}
            begin = time.perf_counter()
            status, text = client.ask("POST", "/v1/images/generations", body)
            took = time.perf_counter() - begin
            assert status == 200, text
            got = base64.b64decode(json.loads(text)["data"][0]["b64_json"])
            request = Request("a cat", "", seed, "", "", 25, 7.5, 0, 0)
            begin = time.perf_counter()
            painted = painter.paint(request)
            alone = time.perf_counter() - begin
            if seed > 1:  # both are warm
                ours.append(took)
                theirs.append(alone)
            same += painted.png == got
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    return (
        f"{ratio:.3f} x ({statistics.median(ours):.3f} against {statistics.median(theirs):.3f} s), "
        f"{same} of 22 PNG files the same bytes",
        "1.02 x, the same bytes",
    )


def first_event(args):
    times = []
    with serving.server(args.program) as url:
        client = Client(url)
        for seed in range(20):
            begin = time.perf_counter()
            job = client.job(seed=seed, **SMALL)
            next(client.events(job))
            times.append(1e3 * (time.perf_counter() - begin))
            client.finished(job)
    return f"{statistics.median(times):.1f} ms, at most {max(times):.1f}", "20 ms"


def preview(args):
    """A picture is announced when its first step is done, and that step is told with its preview."""
    times = []
    with serving.server(args.program) as url:
        client = Client(url)
        for seed in range(20):
            job, done = client.job(seed=seed), None
            for name, data in client.events(job):
                if name == "painting":
                    done = time.perf_counter()
                elif name == "step":
                    assert "preview" in data, data
                    times.append(1e3 * (time.perf_counter() - done))
                    break
            client.finished(job)
    return f"{statistics.median(times):.1f} ms, at most {max(times):.1f}", "50 ms"


def health(args):
    times = []
    with serving.server(args.program) as url:
        client, painting = Client(url), Client(url)
        job = painting.job(steps=150)
        next(data for name, data in painting.events(job) if name == "step")
        while len(times) < 1000:
            begin = time.perf_counter()
            client.ask("GET", "/health")
            times.append(1e3 * (time.perf_counter() - begin))
            time.sleep(0.002)
        still = json.loads(painting.ask("GET", f"/jobs/{job}")[1])["state"]
        painting.ask("DELETE", f"/jobs/{job}")
    times.sort()
    return f"p50 {times[500]:.1f}, p99 {times[990]:.1f} ms (at the end it was {still})", "p99 20 ms"


def cancel(args):
    def until_idle(process, begin):
        last, quiet_since = cpu_seconds(process), time.perf_counter()
        while time.perf_counter() - quiet_since < 0.05:
            time.sleep(0.001)
            now = cpu_seconds(process)
            if now != last:
                last, quiet_since = now, time.perf_counter()
        return 1e3 * (quiet_since - begin)

    times = {"DELETE": [], "leaving": []}
    with serving.server(args.program) as url:
        process, client = process_of(url), Client(url)
        for k in range(20):
            job = client.job(steps=150, seed=k)
            steps = (data for name, data in client.events(job) if name == "step")
            for _ in range(1 + k % 5):
                next(steps)
            begin = time.perf_counter()
            client.ask("DELETE", f"/jobs/{job}")
            times["DELETE"].append(until_idle(process, begin))
            leaver = http.client.HTTPConnection(client.host)
            body = json.dumps({"prompt": "a cat", "steps": 150})
            leaver.request("POST", "/v1/images/generations", body, client.headers)
            time.sleep(0.3 + random.random() / 5)
            begin = time.perf_counter()
            leaver.close()
            times["leaving"].append(until_idle(process, begin))
    parts = [f"{name} {statistics.median(t):.0f} ms, at most {max(t):.0f}" for name, t in times.items()]
    return "; ".join(parts) + " (the clock of /proc ticks every 10 ms)", "100 ms"


def streams(args):
    """The steps of one long job, before and while 1,000 clients wait for jobs behind it."""

    def seconds_a_step(since, until):
        gaps = [b - a for a, b in zip(steps, steps[1:]) if since < a and b < until]
        return statistics.median(gaps)

    steps = []
    with serving.server(args.program, "--queue", "2000", "--queue-each", "2000") as url:
        process, painting, waiting = process_of(url), Client(url), Client(url)
        long = painting.job(steps=150, count=8, previews=False)

        def watch():
            for name, _ in painting.events(long):
                if name == "step":
                    steps.append(time.perf_counter())

        watcher = Thread(target=watch)
        watcher.start()
        begin = time.perf_counter()
        time.sleep(6)
        alone = time.perf_counter()
        jobs = [waiting.job(**SMALL) for _ in range(1000)]
        queued = memory_mb(process)
        held_open = [http.client.HTTPConnection(waiting.host) for _ in jobs]
        for connection, job in zip(held_open, jobs):
            connection.request("GET", f"/events/{job}", headers=waiting.headers)
            connection.getresponse().readline()
        held = memory_mb(process)
        waited = time.perf_counter()
        time.sleep(6)
        end = time.perf_counter()
        painting.ask("DELETE", f"/jobs/{long}")
        watcher.join()
        waiting.ask("DELETE", "/visitor")
        for connection in held_open:
            connection.close()
    slower = seconds_a_step(waited, end) / seconds_a_step(begin, alone) - 1
    return f"{held - queued:.1f} MB; a step takes {100 * slower:+.1f} %", "32 MB; 2 %"


def memory(args):
    generator = random.Random(1)

    def request(client, k):
        kind = generator.random()
        if kind < 0.1:
            client.ask("POST", "/jobs", {"kind": "paint", "prompt": "a cat", "steps": "many"})
        elif kind < 0.43:
            client.ask("DELETE", f"/jobs/{client.job(seed=k, **SMALL)}")
        else:
            client.finished(client.job(seed=k, **SMALL))

    with serving.server(args.program, "--keep-mb", "20", "--quiet") as url:
        process, client = process_of(url), Client(url)
        for k in range(100):
            request(client, k)
        time.sleep(FORGOTTEN)
        early = memory_mb(process)
        client.connection.close()  # the server has; the next request opens another
        for k in range(100, args.requests):
            request(client, k)
        time.sleep(FORGOTTEN)
        late = memory_mb(process)
    return f"{early:.1f} MB after 100, {late:.1f} after {args.requests}: {late / early:.3f} x", "1.01 x"


ROWS = {
    "start to ready": start,
    "a picture": picture,
    "first event": first_event,
    "preview after its step": preview,
    "health while painting": health,
    "cancel until the cores are free": cancel,
    "1,000 open streams": streams,
    "memory": memory,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("--only", nargs="*", default=list(ROWS), choices=ROWS)
    parser.add_argument("--requests", type=int, default=10000)
    args = parser.parse_args()
    print("| measured | here | target, at most |\n|---|---|---|")
    for name in args.only:
        here, target = ROWS[name](args)
        print(f"| {name} | {here} | {target} |", flush=True)


if __name__ == "__main__":
    main()
