"""How far a run is: one line that changes in a terminal, a line now and then elsewhere."""

import sys
import time


def duration(seconds):
    seconds = int(seconds)
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 5400:
        return f"{(seconds + 30) // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


class Progress:
    def __init__(self, total, done=0, quiet=False, out=None):
        self.total, self.done, self.failed = total, done, 0
        self._first, self._begin = done, time.monotonic()
        self._out, self._quiet = out or sys.stderr, quiet
        self._live = self._out.isatty()
        self._pause = 0.2 if self._live else 30
        self._told = 0.0 if self._live else time.monotonic()
        self._width = 0

    def add(self, done, failed):
        self.done += done
        self.failed += failed
        if time.monotonic() - self._told >= self._pause:
            self.show()

    def line(self):
        seconds = time.monotonic() - self._begin
        new = self.done - self._first
        text = f"{self.done:,} of {self.total:,} rows"
        if new and seconds > 0:
            rate = new / seconds
            each = f"{rate:.3g} a second" if rate >= 1 else f"{1 / rate:.3g} s each"
            text += f", {each}, {duration((self.total - self.done) / rate)} left"
        return text + (f", {self.failed} failed" if self.failed else "")

    def show(self, end=False):
        self._told = time.monotonic()
        if self._quiet:
            return
        line = self.line()
        if self._live:
            self._out.write("\r" + line.ljust(self._width) + ("\n" if end else ""))
            self._width = len(line)
        else:
            self._out.write(line + "\n")
        self._out.flush()
