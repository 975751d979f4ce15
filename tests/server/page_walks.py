"""What people do on the page, step by step. Each walk gets a browser and the server's address, and
begins where the one before it left off."""

import gzip
import importlib.util
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from wire import Wire

LONG = 150  # steps of a picture that is to be stopped or left

IDLE = "document.getElementById('stop').hidden && !document.querySelector('#log .speaking')"
PICTURE = (
    "(() => { const i = document.querySelector('#panes .pane:last-child img');"
    " return i.complete && i.naturalWidth > 0 && !document.querySelector('#plate[hidden], #plate.blank') })()"
)
SAME = """
const [a, b] = [...document.querySelectorAll("#panes img")].map((image) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, {width: image.naturalWidth, height: image.naturalHeight});
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
});
return a.length === b.length && a.every((value, i) => value === b[i]);
"""
LAST = "#log .turn:last-child "


def enter(browser, url, steps=None):
    """The page, ready to listen; with this number of steps from a link."""
    browser.open("about:blank")
    browser.open(url + (f"#steps={steps}" if steps else ""))
    browser.wait("document.querySelector('main:not([aria-busy])')")
    browser.run("document.getElementById('say').focus()")


def say(browser, words):
    browser.run("document.getElementById('say').focus()")
    browser.type(words)
    browser.type("<ENTER>")


def painted(browser, pictures):
    """Waits until this number of pictures is there and nothing is painted any more."""
    browser.wait(f"document.querySelectorAll('#strip img').length >= {pictures}")
    browser.wait(IDLE)
    browser.wait(PICTURE)


def show(browser):
    """The oldest picture of the strip, by a click."""
    browser.click("#strip li:last-child button")
    browser.wait("document.querySelector('#strip li:last-child [aria-current]')", seconds=5)
    browser.wait(PICTURE, seconds=5)


def forms(browser):
    """Waits until characters take shape, and returns the step."""
    bar = browser.wait("document.querySelector('#panes [role=progressbar]')?.ariaValueNow")
    assert int(bar) >= 1, bar
    return int(bar)


def served(browser, url):
    """One file of less than 60 KB compressed, which may load nothing from elsewhere and run nothing else."""
    with urlopen(url) as answer:
        page, headers = answer.read(), answer.headers
    assert len(gzip.compress(page)) < 60_000, len(gzip.compress(page))
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy, policy
    assert headers["X-Content-Type-Options"] == "nosniff", headers
    assert headers["Referrer-Policy"] == "no-referrer", headers


def conversation(browser, url):
    """Words come, characters form, the picture replaces them; it can be text or pixels."""
    enter(browser, url, steps=LONG)
    assert browser.text("#say") == "" and browser.count("#tries button") > 2
    assert browser.run("return document.querySelector('.sheet pre').textContent").count("\n") > 10
    say(browser, "draw me a cat")
    browser.wait("document.querySelector('#log .words')?.textContent.length > 0")
    forms(browser)
    painted(browser, 1)
    assert browser.text(LAST + ".said").endswith("draw me a cat")
    line = browser.text(LAST + ".line")
    assert " · d " in line and " · T " in line and line.endswith(" s"), line
    assert browser.text(LAST + ".who").startswith("artist"), browser.text(LAST + ".who")
    browser.wait("document.querySelector('#panes pre').textContent.split('\\n').length === 50")
    rows = browser.run("return document.querySelector('#panes pre').textContent").split("\n")
    assert {len(row) for row in rows} == {100}, {len(row) for row in rows}
    alt = browser.run("return document.querySelector('.sheet').ariaLabel")
    assert browser.text(LAST + ".words") in alt, alt
    frame, sheet = browser.run(
        "return ['.art', '.sheet'].map((s) => { const b = document.querySelector(s)"
        ".getBoundingClientRect(); return [b.width, b.height] })"
    )
    assert all(abs(a - b) < 2.5 for a, b in zip(frame, sheet)), (frame, sheet)
    browser.click("input[value=pixels]")
    assert browser.run("return !document.querySelector('.art img').hidden && document.querySelector('.sheet').hidden")
    browser.click("input[value=ascii]")
    assert browser.run("return document.querySelector('.art img').hidden")


def recall(browser, url):
    """Arrow up brings back what was said."""
    browser.run("document.getElementById('say').focus()")
    browser.type("unfinished")
    browser.type("<ARROW_UP>")
    assert browser.run("return document.getElementById('say').value") == "draw me a cat"
    browser.run("document.getElementById('say').value = ''")


def stop(browser, url):
    """Esc ends a picture, and the next one can be asked for at once."""
    enter(browser, url, steps=200)  # as many as there may be: it must not be over before a slow browser says Esc
    pictures = browser.count("#strip img")
    say(browser, "stop this")
    forms(browser)
    browser.type("<ESCAPE>")
    browser.wait(IDLE, seconds=5)
    assert "stopped" in browser.text(LAST + ".trouble")
    assert browser.count("#strip img") == pictures
    enter(browser, url)  # it is told as that, and can be tried again
    assert "stopped" in browser.text(LAST + ".trouble"), browser.text(LAST)
    assert browser.text(LAST + ".said").endswith("stop this"), browser.text(LAST + ".said")
    assert browser.count(LAST + ".trouble button") == 1
    browser.wait(PICTURE)  # the newest picture hangs


def reload(browser, url):
    """A reload in the middle of a picture: words and steps go on, and the picture comes."""
    enter(browser, url, steps=LONG)
    turns, pictures = browser.count("#log .turn"), browser.count("#strip img")
    say(browser, "who are you")
    before = forms(browser)
    place = browser.run("return location.hash")
    assert place.startswith("#job="), place
    words = browser.text(LAST + ".words")
    browser.open("about:blank")
    browser.open(url + place)
    after = forms(browser)
    assert after >= before, (before, after)
    assert browser.count("#log .turn") <= turns + 1
    assert browser.text(LAST + ".words") == words, (browser.text(LAST + ".words"), words)
    painted(browser, pictures + 1)


def hostile(browser, url):
    """Words are shown as they were typed, whatever they look like."""
    words = "<img src=x onerror=\"document.title='gone'\"> &amp; <b>bold</b> {{style}} \u202eabc"
    enter(browser, url, steps=2)
    pictures = browser.count("#strip img")
    say(browser, words)
    painted(browser, pictures + 1)
    assert browser.text(LAST + ".said").endswith(words), browser.text(LAST + ".said")
    assert browser.count("#log .said img, #log .said b") == 0
    assert "gone" not in browser.run("return document.title")
    refused = browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.body.append(s); return window.ran === undefined"
    )
    assert refused, "an inline script ran"
    browser.errors()  # the browser has complained of that one


def keep(browser, url):
    """Seed, again, vary, delete; the strip shows each picture."""
    show(browser)
    seed = browser.text("#facts").split(" · ")[0]
    pictures = browser.count("#strip img")
    browser.click("#again")
    painted(browser, pictures + 1)
    assert browser.count("#panes .pane") == 2
    assert browser.text("#facts").split(" · ")[0] == seed
    assert browser.run(SAME), "again is another picture"
    browser.click("#vary")
    painted(browser, pictures + 2)
    assert browser.text("#facts").split(" · ")[0] != seed
    browser.click("#delete")
    browser.click("#delete")
    browser.wait(f"document.querySelectorAll('#strip img').length === {pictures + 1}", seconds=5)


def unsent(browser, url):
    """What did not reach the server is there after a reload, and reaches it when it is tried again."""
    wire = Wire(urlsplit(url).port)
    try:
        enter(browser, f"http://127.0.0.1:{wire.port}/", steps=2)
        pictures = browser.count("#strip img")
        wire.cut()
        say(browser, "nobody hears me")
        browser.wait("document.querySelector('#log .turn:last-child .trouble button')")
        wire.mend()
        enter(browser, f"http://127.0.0.1:{wire.port}/")
        assert browser.text(LAST + ".said").endswith("nobody hears me"), browser.text(LAST + ".said")
        browser.click(LAST + ".trouble button")
        painted(browser, pictures + 1)
    finally:
        wire.close()


def save(browser, url):
    """A picture and its characters as files, under names of their own."""
    show(browser)
    browser.click("#save")
    kinds = {"download": "image/png", "download-ascii": "image/png", "download-text": "text/plain", "download-html": "text/html"}
    names = set()
    for link, kind in kinds.items():
        status, found, name = browser.run(
            "const a = document.getElementById(arguments[0]), r = new XMLHttpRequest(); r.open('GET', a.href, false);"
            "r.send(); return [r.status, r.getResponseHeader('content-type'), a.download]",
            link,
        )
        assert status == 200 and found.startswith(kind), (link, status, found)
        names.add(name)
    assert len(names) == 4, names
    browser.click("#save")


def grain(browser, url):
    """The slider of bits redraws the same seed beside the former picture."""
    show(browser)
    browser.click("#drawer-button")
    seed = browser.text("#facts").split(" · ")[0]
    pictures = browser.count("#strip img")
    browser.run(
        "const bits = document.getElementById('bits'); bits.value = 3;"
        "for (const e of ['input', 'change']) bits.dispatchEvent(new Event(e, {bubbles: true}))"
    )
    painted(browser, pictures + 1)
    captions = browser.run("return [...document.querySelectorAll('figcaption')].map((c) => c.textContent)")
    assert len(captions) == 2 and captions[1].startswith("3 bits"), captions
    assert browser.text("#facts").split(" · ")[0] == seed
    browser.click("#reset")
    browser.click("#drawer-button")


def links(browser, url):
    """A link fills in message and settings, and says nothing by itself; #job shows a picture."""
    browser.open("about:blank")
    browser.open(url + "#prompt=a+red+door&seed=5&steps=2&bits=4&round=dither")
    browser.wait("document.querySelector('main:not([aria-busy])')")
    turns, pictures = browser.count("#log .turn"), browser.count("#strip img")
    values = "return ['say', 'seed', 'steps', 'bits'].map((id) => document.getElementById(id).value)"
    assert browser.run(values) == ["a red door", "5", "2", "4"], browser.run(values)
    browser.click("#send")
    painted(browser, pictures + 1)
    assert browser.count("#log .turn") == turns + 1
    assert browser.text("#facts") == "seed 5 · 256×256 · 4 bits, dither", browser.text("#facts")
    place = browser.run("return location.hash")
    enter(browser, url)
    browser.run("location.hash = arguments[0]", place)
    browser.wait(PICTURE)
    assert browser.text("#title") == "a red door", browser.text("#title")
    browser.run("document.getElementById('direct').click(); document.getElementById('reset').click()")


def visitors(browser, url):
    """Another visitor sees nothing of this one, and paints for himself."""
    other = type(browser)()
    try:
        enter(other, url, steps=3)
        assert other.count("#strip img") == 0 and other.count("#log .turn") == 0
        picture = browser.run("return document.getElementById('download').href")
        place = browser.run("return location.hash")
        other.open("about:blank")
        other.open(url + place)
        other.wait("document.getElementById('notice').textContent.length > 0")
        assert other.count("#strip img") == 0
        status = other.run(
            "const r = new XMLHttpRequest(); r.open('GET', arguments[0], false); r.send(); return r.status",
            picture,
        )
        assert status == 404, status
        pictures = browser.count("#strip img")
        say(other, "hello")
        painted(other, 1)
        assert browser.count("#strip img") == pictures
    finally:
        other.close()


def two(browser, url):
    """The other Yent comments, and the two talk when asked to, until Esc."""
    enter(browser, url, steps=2)
    pictures = browser.count("#strip img")
    say(browser, "nobody calls me")
    painted(browser, pictures + 1)
    assert browser.text(LAST + ".remark p"), "no remark"
    turns = browser.count("#log .turn")
    browser.click("#argue")
    browser.wait(f"document.querySelectorAll('#log .turn').length >= {turns + 2}")
    browser.type("<ESCAPE>")
    browser.wait(IDLE, seconds=10)


def lost(browser, url):
    """The connection is cut in the middle of a picture: the page says so, and goes on when it is back."""
    address = urlsplit(url)
    wire = Wire(address.port)
    try:
        enter(browser, f"http://{address.hostname}:{wire.port}/", steps=LONG)
        pictures = browser.count("#strip img")
        say(browser, "are you there")
        step = forms(browser)
        wire.cut()
        browser.wait("document.body.classList.contains('lost')", seconds=5)
        assert "lost" in browser.text("#state"), browser.text("#state")
        say(browser, "while it is gone")
        browser.wait("document.querySelector('#log .turn:last-child .trouble button')")
        kept = browser.run("return JSON.parse(sessionStorage.getItem('yent.unsent')).map((one) => one.said)")
        assert kept == ["while it is gone"], kept
        wire.mend()
        browser.click("#log .turn:last-child .trouble button")
        assert forms(browser) >= step
        browser.wait("!document.body.classList.contains('lost')", seconds=20)
        painted(browser, pictures + 2)
        assert browser.text(LAST + ".words")
        assert not browser.count("#log .turn:nth-last-child(-n+2) .trouble:not([hidden]) button")
        assert browser.run("return sessionStorage.getItem('yent.unsent')") == "[]"
    finally:
        wire.close()


def axe_source():
    spec = importlib.util.find_spec("axe_playwright_python")
    return (Path(spec.origin).parent / "axe.min.js").read_text() if spec else None


def accessible(browser, url):
    """axe-core finds no violation: with the drawer open, beside, on a phone, at 200 %."""
    source = axe_source()
    if not source:
        print("skipped: accessible (no axe-playwright-python)")
        return
    browser.run(source)
    for width, height, drawer in ((1366, 800, True), (683, 400, False), (390, 844, True), (390, 844, False)):
        browser.size(width, height)
        browser.run("if (document.getElementById('drawer').hidden === arguments[0]) document.getElementById('drawer-button').click()", drawer)
        time.sleep(0.2)
        found = browser.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' '))])))"
        )
        assert found == [], (width, height, drawer, found)
        wide = browser.run("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{width}x{height}: {wide} pixels too wide"
    browser.size(1366, 800)


def keyboard(browser, url):
    """Tab reaches everything that can be pressed, in an order, and the focus can be seen."""
    browser.run("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
    reached = []
    for _ in range(40):
        browser.type("<TAB>")
        reached.append(browser.run("const e = document.activeElement; return e.id || e.name || e.className"))
    for name in ("say", "drawer-button", "again", "vary", "save", "delete", "scroll"):
        assert name in reached, (name, reached)
    browser.run("document.getElementById('save').focus()")
    browser.type("<ENTER>")
    assert browser.run("return document.activeElement.id") in ("download", "download-ascii")
    browser.run("document.getElementById('save').click()")


def calm(browser, url):
    """With reduced motion nothing moves by itself."""
    browser.media(prefers_reduced_motion="reduce")
    enter(browser, url)
    moving = browser.run("return document.getAnimations().length")
    assert moving == 0, moving
    browser.media()


def key(browser, url, right="a-key-of-the-test"):
    """A server that wants a key: the form, a wrong key, the right one, and then as always."""
    browser.open(url)
    browser.wait("document.getElementById('login').open")
    browser.run("document.getElementById('key').focus()")
    browser.type("wrong")
    browser.type("<ENTER>")
    browser.wait("document.getElementById('login-error').textContent.length > 0")
    browser.run("document.getElementById('key').value = ''; document.getElementById('key').focus()")
    browser.type(right)
    browser.type("<ENTER>")
    browser.wait("!document.getElementById('login').open")
    enter(browser, url, steps=2)
    say(browser, "let me in")
    painted(browser, 1)
    assert right not in browser.run("return location.href + document.cookie + JSON.stringify(localStorage)")


SHORT = [served, conversation, recall, stop, reload, hostile]
CHROMIUM = SHORT + [keep, save, grain, links, two, visitors, unsent, lost, keyboard, accessible, calm]
