"""yent-server as a process of its own, for the tests in this folder."""

import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def server(program, *options):
    """The program on a port of its own, with a store that goes with it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as store:
        log = open(Path(store) / "log", "w+")
        command = [program, "--listen", f"127.0.0.1:{port}", "--store", f"{store}/store", *options]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            await_ready(port, process, log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            status = process.wait(20)
            assert status == 0, f"the server ended with {status}: {Path(log.name).read_text()[-2000:]}"


def await_ready(port, process, log):
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1).read()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"the server did not start: {Path(log.name).read_text()}")
            time.sleep(0.1)
    raise SystemExit("the server was not ready within 60 s")
