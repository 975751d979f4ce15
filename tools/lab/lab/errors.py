"""Errors a user can cause or meet: one sentence each, and the exit code it leads to."""


class LabError(Exception):
    """The run failed: a worker, a disk, memory."""

    code = 1


class UsageError(LabError):
    """What was asked for makes no sense."""

    code = 2


class FileError(LabError):
    """A file is missing, malformed or does not fit."""

    code = 3


def nearest(word, known):
    """ ", did you mean 'x'?" where a known word is close, or the list of all."""
    import difflib

    known = sorted(map(str, known))
    close = difflib.get_close_matches(str(word), known, 1)
    return f", did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
