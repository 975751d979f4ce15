"""yent-server with the toy models, which can be killed and started again on its store, and a client."""

import http.client
import json
import signal
import subprocess
import tempfile
from pathlib import Path

from serving import await_ready, free_port

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
TOY = ["-m", str(GOLDEN / "toy_painter"), "--llm", str(GOLDEN / "toy_voice.gguf"), "-t", "1"]
COMPLAINTS = ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer", "ERROR: LeakSanitizer")


class Hard:
    """The server. Its port and its store stay the same from start to start."""

    def __init__(self, program, *options):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Path(self.folder.name) / "store"
        self.log = open(Path(self.folder.name) / "log", "w+")
        self.command = [program, "--listen", f"127.0.0.1:{self.port}", "--store", str(self.store), "-q", *TOY, *options]
        self.process = None
        self.starts = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self, ready=True):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        self.starts += 1
        if ready:
            await_ready(self.port, self.process, self.log)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """As a system does it; returns what was wrong."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.kill()
            return ["SIGTERM did not end it within 120 s"]
        return ([f"it ended with {status}"] if status else []) + self.complaints()

    def complaints(self):
        """Of sanitizers, from the log; of a crash, its last lines."""
        text = Path(self.log.name).read_text(errors="replace")
        found = [line for line in text.splitlines() if any(c in line for c in COMPLAINTS)]
        return found and [*found[:5], text[-3000:]]

    def resident_mb(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


class Visitor:
    """One caller with a cookie. An answer is (status, bytes); 0: there was none."""

    def __init__(self, port, name):
        self.port = port
        self.headers = {"content-type": "application/json", "cookie": f"yent={name}"}

    def open(self, method, path, body=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        data = None if body is None else body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, data, self.headers)
        return connection

    def ask(self, method, path, body=None, timeout=60):
        try:
            connection = self.open(method, path, body, timeout)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
            connection.close()
            return status, text
        except (OSError, http.client.HTTPException):
            return 0, b""

    def json(self, method, path, body=None):
        status, text = self.ask(method, path, body)
        return json.loads(text) if status in (200, 202) else {}
