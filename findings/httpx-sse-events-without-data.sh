#!/usr/bin/env bash
# A comment that keeps a stream of server-sent events open arrives as an event without data.
#
# Expected: HTML (9.2.6) dispatches no event for a block without data. So a block with `retry:` alone,
# and the comment `:` with an empty line behind it, are heard by nobody.
# Happens: the block with `retry:` is an event with empty data. Once any event had an id, every empty
# line is an event with empty data and that id, those behind comments included.
# Versions: httpx-sse 0.4.3.
# Why it matters: proxies close silent streams, so servers send comments. A program that reads each
# event's data as JSON fails at the first of them, some seconds after its tests have passed. A server
# helps by leaving out the empty line behind a comment and behind `retry:`.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet httpx==0.28.1 httpx-sse==0.4.3
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version

import httpx
from httpx_sse import EventSource

print(f"httpx-sse {version('httpx-sse')}")


def heard(text):
    headers = {"content-type": "text/event-stream"}
    source = EventSource(httpx.Response(200, headers=headers, content=text.encode()))
    return [(event.event, event.data, event.id) for event in source.iter_sse()]


event = "id: 1\nevent: step\ndata: {}\n\n"
answers = {}
for title, text in {
    "retry: alone, then an event": "retry: 2000\n\n" + event,
    "an event, then a comment": event + ":\n\n",
    "the same without the empty lines": "retry: 2000\n" + event + ":\n",
}.items():
    answers[title] = heard(text)
    print(title, *answers[title], sep="\n    ")
if [len(events) for events in answers.values()] != [2, 2, 1]:
    raise SystemExit("changed: other events are heard")
PY
