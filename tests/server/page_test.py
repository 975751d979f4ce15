"""tests/server/page_test.py SERVER [--all] [--url URL] [--shots FOLDER]: people use the page of SERVER, the
program yent-server, in real browsers. Without --all: one walk in Chromium. Ends with 77 where neither
Selenium nor a browser is here. --url tests a server that runs already."""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

import page_walks as walks
from page_browsers import Chromium, Firefox
from serving import server


def go(kind, url, steps, shots):
    """One browser through some walks; returns the number of failures."""
    missing = kind.missing()
    if missing:
        print(f"skipped: {kind.name} (no {missing})")
        return None
    browser = kind()
    failed = 0
    try:
        for walk in steps:
            began = time.monotonic()
            try:
                walk(browser, url)
                assert browser.errors() == [], browser.errors()
            except Exception:
                failed += 1
                traceback.print_exc()
            if shots:
                browser.screenshot(shots / f"{kind.name}-{walk.__name__}.png")
            print(f"{kind.name} {walk.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    finally:
        browser.close()
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--url")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--only", nargs="*", help="walks by name")
    parser.add_argument("--browser", choices=["chromium", "firefox"])
    options = parser.parse_args()
    plan = [(Chromium, walks.CHROMIUM if options.all else walks.SHORT)]
    if options.all:
        plan.append((Firefox, walks.SHORT + [walks.visitors]))
    if options.browser:
        plan = [(Firefox if options.browser == "firefox" else Chromium, walks.CHROMIUM)]
    if options.only:
        plan = [(kind, [walk for walk in steps if walk.__name__ in options.only]) for kind, steps in plan]
    if all(kind.missing() for kind, _ in plan):
        print(f"skipped: no {plan[0][0].missing()}")
        return 77
    if options.url:
        results = [go(kind, options.url, steps, options.shots) for kind, steps in plan]
    else:
        results = []
        for kind, steps in plan:
            with server(options.program) as url:
                results.append(go(kind, url, steps, options.shots))
        if options.all and not options.only:
            with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
                keys.write("a-key-of-the-test\n")
                keys.flush()
                with server(options.program, "--api-key-file", keys.name) as url:
                    results.append(go(Chromium, url, [walks.key], options.shots))
    return 1 if any(results) else 0


if __name__ == "__main__":
    sys.exit(main())
