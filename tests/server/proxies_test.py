"""tests/server/proxies_test.py SERVER: the configurations of docs/server.md, as they stand there, in nginx and
HAProxy of Debian: TLS, events without a delay, visitors that stay with their node, and one of two nodes
killed in the middle. A proxy that is not here is skipped by name; without both: 77."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hard_server import TOY
from serving import await_ready, free_port

PAGE = (Path(__file__).resolve().parents[2] / "docs/server.md").read_text()
KEY = "a-key-of-the-test"
NAME = "yent.example"
SMALL = {"kind": "paint", "prompt": "a cat", "width": 64, "height": 64, "steps": 20}


def block(first):
    """The indented lines of the page from the one that is `first`."""
    lines = PAGE[PAGE.index(f"    {first}\n"):].splitlines()
    end = next(k for k, line in enumerate(lines) if not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end]) + "\n"


class Node:
    """One server of several. Its store and its port outlive it."""

    def __init__(self, program, folder, name):
        self.port, self.store, self.log = free_port(), folder / name, open(folder / f"{name}.log", "w+")
        self.command = [program, "--listen", f"127.0.0.1:{self.port}", "--store", str(self.store), "--node", name,
                        "--api-key-file", str(folder / "keys"), "--allow-host", NAME, "--trust-proxy", "127.0.0.1",
                        "--public-url", f"https://{NAME}", "--log-json", *TOY]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        await_ready(self.port, self.process, self.log)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def peers(self):
        lines = Path(self.log.name).read_text().splitlines()
        return [json.loads(line)["peer"] for line in lines if line.startswith('{"time"') and '"peer"' in line]


class Visitor:
    """A browser, as far as cookies go."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def open(self, method, path, body=None, **headers):
        trusting = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trusting)
        headers |= {"Host": NAME, "Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse()

    def ask(self, method, path, body=None, **headers):
        answer = self.open(method, path, body, **headers)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.update([value.split(";")[0].split("=", 1)])
        data = answer.read()
        return answer.status, json.loads(data) if data.startswith(b"{") else {}

    def stream(self, job):
        """The names of a job's events with the seconds after which they came."""
        answer, began, events = self.open("GET", f"/events/{job}"), time.monotonic(), []
        for line in iter(answer.readline, b""):
            if line.startswith(b"event: "):
                events.append((line[7:].strip().decode(), time.monotonic() - began))
        return events


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                    "-keyout", folder / "yent.key", "-out", folder / "yent.crt"], check=True, capture_output=True)
    (folder / "yent.pem").write_bytes((folder / "yent.crt").read_bytes() + (folder / "yent.key").read_bytes())


def await_port(port, process):
    visitor = Visitor(port)
    for _ in range(100):
        assert process.poll() is None, "the proxy ended"
        try:
            if visitor.ask("GET", "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the proxy was not ready within 10 s")


def as_they_happen(visitor, job):
    events = visitor.stream(job)
    assert events[-1][0] == "done", events
    first, last = next(at for name, at in events if name == "step"), events[-1][1]
    assert first < last / 2, f"the first step came after {first:.2f} s, the end after {last:.2f} s"
    return first, last


def nginx(folder, nodes):
    port = free_port()
    site = block("server {").replace("443", f"127.0.0.1:{port}").replace("/etc/ssl", str(folder))
    site = site.replace("yent.pem", "yent.crt").replace("127.0.0.1:8080", f"127.0.0.1:{nodes[0].port}")
    places = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid; events {{}}\n"
                                       f"http {{ access_log off; {places}\n{site}}}\n")
    proxy = subprocess.Popen(["nginx", "-e", folder / "nginx.log", "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        await_port(port, proxy)
        visitor = Visitor(port)
        status, job = visitor.ask("POST", "/jobs", SMALL)
        assert status == 202, job
        first, last = as_they_happen(visitor, job["id"])
        url = {"prompt": "a", "size": "64x64", "steps": 1, "response_format": "url"}
        _, told = visitor.ask("POST", "/v1/images/generations", url)
        assert told["data"][0]["url"].startswith(f"https://{NAME}/image/"), told
        visitor.ask("GET", "/jobs", **{"X-Forwarded-For": "192.0.2.7"})
        visitor.ask("GET", "/jobs")
        assert "127.0.0.1" == nodes[0].peers()[-1], nodes[0].peers()[-2:]
        print(f"nginx: the first step after {first:.2f} s, the end after {last:.2f} s")
    finally:
        proxy.terminate()
        proxy.wait(20)


def haproxy(folder, nodes):
    port = free_port()
    site = block("defaults").replace(":443", f"127.0.0.1:{port}").replace("/etc/ssl", str(folder))
    for address, node in zip(("10.0.0.1:8080", "10.0.0.2:8080"), nodes):
        site = site.replace(address, f"127.0.0.1:{node.port}")
    (folder / "haproxy.cfg").write_text(site)
    log = open(folder / "haproxy.log", "w")
    proxy = subprocess.Popen(["haproxy", "-db", "-f", folder / "haproxy.cfg"], stdout=log, stderr=log)
    try:
        await_port(port, proxy)
        time.sleep(2.5)  # both were asked for their health
        jobs = []
        for seed in range(6):
            visitor = Visitor(port)
            status, job = visitor.ask("POST", "/jobs", {**SMALL, "seed": seed, "count": 2})
            assert status == 202 and job["id"].startswith(visitor.cookies["node"] + "-"), (status, job, visitor.cookies)
            jobs.append((visitor, job["id"]))
        assert {job[:2] for _, job in jobs} == {"a-", "b-"}, jobs
        nodes[0].kill()
        time.sleep(3.5)
        answers = [Visitor(port).ask("POST", "/jobs", {**SMALL, "steps": 1})[0] for _ in range(6)]
        answers += [visitor.ask("GET", "/options")[0] for visitor, _ in jobs]
        assert set(answers) <= {200, 202}, answers
        waiting = [visitor.ask("GET", f"/jobs/{job}")[0] for visitor, job in jobs if job.startswith("a-")]
        assert set(waiting) == {503}, waiting
        nodes[0].start()
        end = time.monotonic() + 120
        while (states := {state(visitor, job) for visitor, job in jobs}) != {"done"}:
            assert time.monotonic() < end, states
            time.sleep(0.3)
        print(f"haproxy: one of two nodes was killed: {len(answers)} requests answered meanwhile, {len(jobs)} jobs done")
    finally:
        proxy.terminate()
        proxy.wait(20)


def state(visitor, job):
    return visitor.ask("GET", f"/jobs/{job}")[1].get("state")


def main():
    os.environ["PATH"] += ":/usr/sbin"
    there = [test for test in (nginx, haproxy) if shutil.which(test.__name__)]
    for test in {nginx, haproxy} - set(there):
        print(f"skipped: no {test.__name__}")
    if not there:
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.close(os.open(folder / "keys", os.O_CREAT | os.O_WRONLY, 0o600))
        (folder / "keys").write_text(KEY + "\n")
        certificate(folder)
        nodes = [Node(sys.argv[1], folder, node) for node in "ab"]
        try:
            for test in there:
                test(folder, nodes)
        finally:
            for node in nodes:
                node.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
