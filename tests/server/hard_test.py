"""tests/server/hard_test.py SERVER [--only NAME...]: what a server has to survive, with the toy models.

    load     a mixed load, then SIGTERM, then kill -9 in the middle and a start on what is left
    kills    kill -9 at random moments: no stored job is lost or done twice, no file is broken
    slow     slowhttptest (Debian), all four modes, while others are served
    cases    schemathesis (PyPI) on /openapi.json
    memory   what many small requests leave behind

Each says what it did. SERVER may be built with a sanitizer: what that finds fails the test."""

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

from hard_load import Load
from hard_server import Hard, Visitor

FORGOTTEN = 75  # seconds after which a finished job is on disk alone, and what it took is given back


def load(options):
    server = Hard(options.program, "--keep-mb", "5")
    wrong, counts = [], {}
    for part in range(4):
        server.start()
        mixed = Load(server, threads=options.threads, seed=part + 1)
        wrong += mixed.run(options.seconds / 4)
        for name, count in mixed.counts.items():
            counts[name] = counts.get(name, 0) + count
        if not server.alive():
            wrong.append(f"it ended by itself with {server.process.returncode}")
            wrong += server.complaints()
            break
        if part % 2:
            wrong += server.stop()
        else:
            server.kill()
            wrong += server.complaints()
    print(f"load: {sum(counts.values())} acts of {options.threads} visitors in {options.seconds} s: "
          + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    return wrong


# ---- Kills ------------------------------------------------------------------------------------

def broken_png(data):
    """Whether a PNG is cut off or damaged: its chunks and their sums."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return True
    at = 8
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        end = at + 8 + length
        if int.from_bytes(data[end:end + 4], "big") != zlib.crc32(data[at + 4:end]):
            return True
        if name == b"IEND":
            return end + 4 != len(data)
        at = end + 4
    return True


class Ledger:
    """What the server has accepted and what it has told, whatever became of it since."""

    def __init__(self, port):
        self.visitor = Visitor(port, "f" * 32)
        self.jobs, self.told = {}, {}
        self.chance = random.Random(5)
        self.over = threading.Event()

    def ask(self):
        """Jobs of one to three pictures, and now and then a look at one."""
        while not self.over.is_set():
            for job in [job for job in self.jobs if job not in self.told][:3]:
                self.look(job)
            if len(self.jobs) - len(self.told) > 6:  # enough wait: what comes next shall be done, too
                time.sleep(0.05)
                continue
            count, seed = self.chance.randint(1, 3), self.chance.randrange(20)
            body = {"kind": "paint", "prompt": "a cat", "seed": seed, "count": count, "width": 64, "height": 64, "steps": 2}
            status, text = self.visitor.ask("POST", "/jobs", body, timeout=5)
            if status == 202:
                self.jobs[json.loads(text)["id"]] = (seed, count)
            elif status:
                time.sleep(0.05)
            else:
                time.sleep(0.01)

    def look(self, job):
        told = self.visitor.json("GET", f"/jobs/{job}")
        if told.get("state") == "done":
            self.told[job] = [picture["id"] for picture in told["pictures"]]

    def check(self, store):
        wrong, bytes_of = [], {}
        for job, (seed, count) in self.jobs.items():
            told = self.visitor.json("GET", f"/jobs/{job}")
            ids = [picture["id"] for picture in told.get("pictures", [])]
            seeds = [picture["seed"] for picture in told.get("pictures", [])]
            if told.get("state") != "done":
                wrong.append(f"{job} is {told.get('state', 'lost')}: {told.get('error')}")
            elif seeds != [seed + k for k in range(count)] or len(set(ids)) != count:
                wrong.append(f"{job} has pictures of seeds {seeds}, expected {count} from {seed}")
            if self.told.get(job, ids) != ids:
                wrong.append(f"{job} was delivered twice: {self.told[job]}, then {ids}")
            for picture, its in zip(ids, seeds):
                status, data = self.visitor.ask("GET", f"/image/{picture}")
                if status != 200 or broken_png(data):
                    wrong.append(f"picture {picture} of {job}: {status}, {len(data)} bytes")
                if bytes_of.setdefault(its, hashlib.sha256(data).digest()) != hashlib.sha256(data).digest():
                    wrong.append(f"picture {picture}: seed {its} gave other bytes before")
        pictures = sum(count for _, count in self.jobs.values())
        files = len(list((store / "pictures").iterdir()))
        if files != pictures:
            wrong.append(f"{files} files of {pictures} pictures")
        return wrong


def live(server, chance, most):
    """Up to three pictures and a part of the next, so that a busy machine sees as many; or less than a start takes.
    Returns whether it was killed before it was ready."""
    pictures, begin = server.store / "pictures", time.monotonic()
    if chance.random() < 0.1:
        time.sleep(chance.random() * 0.2)
        return Visitor(server.port, "f" * 32).ask("GET", "/ready", timeout=1)[0] != 200
    files = len(list(pictures.iterdir())) + chance.randint(0, 3)
    while len(list(pictures.iterdir())) < files and time.monotonic() - begin < most:
        time.sleep(0.005)
    time.sleep(chance.random() * 0.3)
    return False


def kills(options):
    server = Hard(options.program)
    ledger, chance, before_ready = Ledger(server.port), random.Random(9), 0
    server.start()
    ledger.visitor.ask("GET", "/ready")
    asking = threading.Thread(target=ledger.ask)
    asking.start()
    while server.starts < options.kills:
        server.kill()
        server.start(ready=False)
        before_ready += live(server, chance, options.life)
    server.kill()
    server.start()
    ledger.over.set()
    asking.join()
    begin = time.monotonic()
    while time.monotonic() - begin < 600:
        metrics = ledger.visitor.ask("GET", "/metrics")[1].decode()
        if 'of="queued_jobs"} 0' in metrics and 'of="painting"} 0' in metrics:
            break
        time.sleep(0.2)
    wrong = ledger.check(server.store)
    wrong += server.stop()
    print(f"kills: {options.kills} ({before_ready} before it was ready), {len(ledger.jobs)} jobs stored with "
          f"{sum(count for _, count in ledger.jobs.values())} pictures, {len(ledger.told)} of them told before the end")
    return wrong


# ---- Slow clients, strange requests, many requests ----------------------------------------------

def slow(options):
    if not shutil.which("slowhttptest"):
        print("skipped: slow (no slowhttptest)")
        return []
    server, wrong, worst = Hard(options.program), [], {}
    server.start()
    modes = {"headers": ["-H"], "body": ["-B"], "range": ["-R"], "read": ["-X", "-n", "1", "-y", "20", "-w", "10", "-z", "5", "-k", "3"]}
    for name, switches in modes.items():
        path = "openapi.json" if name in ("read", "range") else "jobs"
        attack = subprocess.Popen(
            ["slowhttptest", *switches, "-c", str(options.connections), "-r", "200", "-i", "5", "-l", str(options.slow_seconds),
             "-p", "5", "-u", server.url + path],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times, visitor = [], Visitor(server.port, "e" * 32)
        while attack.poll() is None:
            begin = time.monotonic()
            status, _ = visitor.ask("POST", "/v1/images/generations", {"prompt": "a", "steps": 1, "size": "64x64"})
            times.append(time.monotonic() - begin)
            if status != 200:
                wrong.append(f"slow {name}: a picture got {status}")
            time.sleep(0.05)
        worst[name] = max(times)
        if not server.alive():
            return wrong + [f"slow {name}: the server ended", *server.complaints()]
    print(f"slow: {options.connections} connections, {options.slow_seconds} s each mode; a picture meanwhile took at most "
          + ", ".join(f"{seconds:.2f} s ({name})" for name, seconds in worst.items()))
    return wrong + server.stop()


def answers_by_status(server):
    metrics, answers = Visitor(server.port, "e" * 32).ask("GET", "/metrics")[1].decode(), {}
    for line in metrics.splitlines():
        if line.startswith("yent_requests_total"):
            status = line.split('status="')[1].split('"')[0]
            if status == "503" and 'route="/ready"' in line:
                continue  # no failure: the models were still read
            answers[status] = answers.get(status, 0) + int(float(line.split()[-1]))
    return dict(sorted(answers.items()))


def cases(options):
    """Rounds over all operations, each with seeds of its own, until there were enough cases or the time is over."""
    program = shutil.which("schemathesis") or str(Path(sys.executable).parent / "schemathesis")
    if not Path(program).exists():
        print("skipped: cases (no schemathesis)")
        return []
    server, said = Hard(options.program), []
    server.start()
    begin = time.monotonic()

    def rounds(seed):
        while server.alive() and sum(answers_by_status(server).values()) < options.cases:
            left = options.case_seconds - (time.monotonic() - begin)
            if left < 1:
                break
            command = [program, "run", server.url + "openapi.json", "--checks", "not_a_server_error", "--workers", "1",
                       "--max-examples", "40", "--max-time", str(int(left) + 1), "--continue-on-failure", "--seed", str(seed),
                       "--request-timeout", "60", "--no-color"]
            with tempfile.TemporaryDirectory() as folder:  # it keeps a database of its own beside it
                done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
            said.append(done.stdout + done.stderr)
            seed += options.case_processes

    threads = [threading.Thread(target=rounds, args=(k + 1,)) for k in range(options.case_processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, answers = time.monotonic() - begin, answers_by_status(server)
    wrong = [f"cases: {count} answers of {status}" for status, count in answers.items() if status >= "500"]
    wrong += [] if server.alive() else ["cases: the server ended"]
    if wrong or not answers:
        wrong += [text[-4000:] for text in said if "500" in text or not answers][:3]
    print(f"cases: {sum(answers.values())} requests in {seconds:.0f} s and {len(said)} rounds; answers by status: {answers}")
    return wrong + server.stop()


def memory(options):
    chance = random.Random(1)
    server = Hard(options.program, "--keep-mb", "20")
    server.start()
    visitor = Visitor(server.port, "d" * 32)
    small = {"kind": "paint", "prompt": "a cat", "width": 64, "height": 64, "steps": 1, "previews": False}

    def request(k):
        kind = chance.random()
        if kind < 0.1:
            visitor.ask("POST", "/jobs", {**small, "steps": "many"})
            return
        job = visitor.json("POST", "/jobs", {**small, "seed": k})["id"]
        if kind < 0.43:
            visitor.ask("DELETE", f"/jobs/{job}")
        else:
            visitor.ask("GET", f"/events/{job}")

    for k in range(100):
        request(k)
    time.sleep(FORGOTTEN)
    early = server.resident_mb()
    for k in range(100, options.requests):
        request(k)
    time.sleep(FORGOTTEN)
    late = server.resident_mb()
    print(f"memory: {early:.1f} MB after 100 requests, {late:.1f} after {options.requests}: {late / early:.3f} x")
    return server.stop() + ([] if late < 1.02 * early else ["memory: it grows"])


TESTS = {"load": load, "kills": kills, "slow": slow, "cases": cases, "memory": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", nargs="*", choices=TESTS, default=list(TESTS))
    parser.add_argument("--seconds", type=float, default=60, help="of the load")
    parser.add_argument("--threads", type=int, default=4, help="visitors of the load")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--life", type=float, default=20.0, help="seconds until a kill, at most")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--slow-seconds", type=int, default=60)
    parser.add_argument("--case-seconds", type=int, default=600)
    parser.add_argument("--cases", type=int, default=100_000, help="at which it ends before its time")
    parser.add_argument("--case-processes", type=int, default=2, help="of schemathesis, each with seeds of its own")
    parser.add_argument("--requests", type=int, default=10000)
    options = parser.parse_args()
    wrong = []
    for name in options.only:
        found = TESTS[name](options)
        wrong += found
        for sentence in found[:20]:
            print(f"{name}: {sentence}", flush=True)
        sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
