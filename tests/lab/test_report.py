"""The page: by itself, and in a real browser where Chromium is."""

import json
import os
import re
import shutil
from functools import partial

import numpy as np
import pytest

pytest.importorskip("distributed")

from lab.cluster import client_of
from lab.engine import default_spec
from lab.grid import Grid
from lab.measure import LAYER_NAMES
from lab.report import make_report
from lab.report.maps import arranged, coordinates
from lab.store import Store
from lab.sweep import Sweep
from tests_grids import stub_grid

MACHINE = {"version": "stub", "isa": "stub", "device": "cpu"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    grid = stub_grid(folder, 3)
    # What must not end the page's script, and words that need quotes in a shell.
    grid.write_text(grid.read_text().replace('"b"]', '"it\'s </script><b>bold</b>"]'))
    rows = Grid(grid).rows(MACHINE)
    store = Store(folder / "s", write=True, create=True)
    with client_of(workers=0) as client:
        Sweep(client, store, rows, default_spec("stub:1"), quiet=True).run()
    store.close()
    make_report(Store(folder / "s"), folder / "s/report.html", method="pca")
    return folder / "s/report.html"


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S)[1])


def test_the_page_needs_nothing_else(page):
    text = page.read_text()
    assert not re.findall(r"(?:https?:)?//[a-z]", re.sub(r"//.*", "", text.split("<script>")[0].split('id="data"')[0]))
    assert "src=" not in text.split('id="data"')[0] and "<link" not in text
    data = data_of(page)
    assert len(data["rows"]["hash"]) == 24 == len(data["maps"]["look"]) and len(data["thumbs"]["atlases"]) == 1
    assert [axis["name"] for axis in data["axes"]] == ["prompt", "seed", "policy", "bits"]
    assert [axis["policy"] for axis in data["axes"]] == [False, False, False, True]


def test_fewer_rows_keep_their_baselines(page):
    store = Store(page.parent)
    size = make_report(store, page.parent / "few.html", most=6, method="pca")
    rows = data_of(page.parent / "few.html")["rows"]
    assert size < page.stat().st_size and 6 <= len(rows["hash"]) < 24 and min(rows["base"]) >= 0


def test_neighbours_on_the_map_look_alike():
    """Three looks with noise: each picture's nearest neighbours are of its own look."""
    draw = np.random.default_rng(0)
    looks = draw.integers(0, 255, (3, 8, 8, 3))
    thumbs = [
        np.clip(np.kron(looks[i % 3], np.ones((8, 8, 1))) + draw.normal(0, 6, (64, 64, 3)), 0, 255).astype(np.uint8)
        for i in range(36)
    ]
    places = np.array(coordinates(thumbs, [-1] * 36, "pca")["look"])
    far = np.linalg.norm(places[:, None] - places[None], axis=-1) + 9 * np.eye(36)
    assert all((near % 3 == i % 3).all() for i, near in enumerate(far.argsort(axis=1)[:, :5]))


def test_maps_of_kept_libraries():
    values = np.random.default_rng(0).normal(size=(30, 12))
    pytest.importorskip("sklearn")
    xy, name = arranged(values, "tsne")
    assert xy.shape == (30, 2) and name == "tsne" and np.isfinite(xy).all()


@pytest.fixture(scope="module")
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium and chromedriver")
    options = selenium.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--window-size=1400,900", "--disable-gpu"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = chromium
    window = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    window.set_page_load_timeout(120)
    yield window
    window.quit()


def test_in_a_browser(page, browser):
    from selenium.webdriver.support.wait import WebDriverWait

    run, wait = browser.execute_script, WebDriverWait(browser, 60)
    find = partial(browser.find_elements, "css selector")
    browser.get(f"file://{page}")
    wait.until(lambda _: run("return document.body.dataset.ready"))

    # Sheets: every row of the held seed, a click shows it with its commands.
    thumbs = find("#sheet td .thumb")
    assert len(thumbs) == 24  # 4 policies x 2 prompts x 3 seeds beside each other
    thumbs[4].click()
    wait.until(lambda _: find("#details pre"))
    paint, again, policy, digest = (pre.text for pre in find("#details pre"))
    assert paint.startswith("yent-run --raw -p") and "--policy /dev/stdin" in paint and "<<'END'" in paint
    row = run("return R.hash.indexOf(arguments[0])", digest)
    assert row >= 0 and again.startswith(f"lab again {digest[:16]}") and policy in paint
    wait.until(lambda _: find("#details figure img"))  # the full picture, from the store beside the page
    run("details(N - 1)")
    assert "'it'\\''s </script><b>bold</b>'" in find("#details pre")[0].text

    # The map: a click on a picture's place opens it; the wheel zooms.
    run("closeDetails(); showView('map')")
    place = run(
        "const m = views.map, s = devicePixelRatio || 1, b = m.canvas.getBoundingClientRect(), [x, y] = m.place(N - 1);"
        "return [b.left + x / s, b.top + y / s]"
    )
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    action = ActionBuilder(browser)
    action.pointer_action.move_to_location(*map(int, place)).click()
    action.perform()
    wait.until(lambda _: find("#details pre"))
    assert find("#details pre")[3].text == run("return R.hash[N - 1]")
    before = run("return views.map.view.zoom")
    origin = ActionChains(browser).scroll_from_origin
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    origin(ScrollOrigin.from_element(find("#map canvas")[0]), 0, -300).perform()
    assert run("return views.map.view.zoom") > before
    assert run(
        "const d = views.map.canvas.getContext('2d').getImageData(0, 0, views.map.canvas.width, views.map.canvas.height).data;"
        "return d.some((v) => v > 0)"
    )

    # Sliders: another seed is another row with the same policy.
    run("closeDetails(); showView('sliders')")
    old = run("return views.sliders.row")
    run("const i = document.querySelectorAll('.knobs input')[1]; i.value = 2; i.dispatchEvent(new Event('input'))")
    new = run("return views.sliders.row")
    assert run("return [label(1, arguments[0]), R.policy[arguments[0]]]", new) == [
        "3", run("return R.policy[arguments[0]]", old)]  # fmt: skip
    # A combination that is not there is never shown as if it were.
    run("const i = document.querySelectorAll('.knobs input')[3]; i.value = 0; i.dispatchEvent(new Event('input'))")
    assert run("return label(3, views.sliders.row)") == "2" == run("return R.policy[views.sliders.row]")[1]

    # Effects: a mean for each value, as computed here.
    run("showView('effects')")
    run("const s = document.querySelector('#effects select[name=measure]'); s.value = 'mae'; s.dispatchEvent(new Event('change'))")
    data = data_of(page)
    names = [m["name"] for m in data["measures"]]
    mae, bits = data["rows"]["measures"][names.index("mae")], data["rows"]["axes"][3]
    means = sorted(
        (np.mean([v for v, b in zip(mae, bits) if b == i and v is not None]) for i in range(3)), reverse=True
    )
    told = [float(text.text.split(" ±")[0]) for text in find("#effects svg text") if "±" in text.text]
    assert told == pytest.approx(means, rel=6e-3)
    find("#effects circle.dot")[-1].click()  # nothing lies over the last
    wait.until(lambda _: find("#details pre"))

    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.fixture(scope="module")
def layered(page):
    """A page whose store has layers of three rows, as `lab measure --sample` leaves them."""
    store = Store(page.parent, write=True)
    w2, w3 = ([f["hash"] for f in store.facts() if f["policy"] == name] for name in ("w2", "w3"))

    def line(digest, layer, what, sqnr, *codes):
        return {"hash": digest, "layer": layer, "what": what, "sqnr": sqnr} | dict(zip(LAYER_NAMES[1:], codes))

    store.append(
        "layers",
        [
            line(w2[0], "unet.conv_in", "weights", 10.0, 1.0, 0.5, 0.1),
            line(w2[1], "unet.conv_in", "weights", 14.0, 0.5, 0.25, 0.3),
            line(w2[0], "unet.conv_in", "input", 30.0),
            line(w2[0], "unet.down_blocks.0.attn1.to_v", "output", 3.0),
            line(w2[0], "unet.conv_out", "weights", None),  # nothing changed
            line(w3[0], "unet.conv_in", "weights", 20.0, 1.0, 1.0, 0.2),
        ],
    )
    store.close()
    make_report(Store(page.parent), page.parent / "layered.html", method="pca")
    return page.parent / "layered.html"


def test_layers_in_a_browser(layered, browser):
    from selenium.webdriver.support.wait import WebDriverWait

    run, find = browser.execute_script, partial(browser.find_elements, "css selector")
    browser.get(f"file://{layered}")
    WebDriverWait(browser, 60).until(lambda _: run("return document.body.dataset.ready"))
    find('nav button[data-view="layers"]')[0].click()

    def shown():
        """What the points say, from top to bottom, and the names at the left."""
        titles = [run("return arguments[0].textContent", title) for title in find("#layers circle title")]
        return titles, [text.text for text in find("#layers svg text[text-anchor=end]")]

    def choose(name, value):
        run(
            "const s = document.querySelector(`#layers select[name=${arguments[0]}]`);"
            "s.value = arguments[1]; s.dispatchEvent(new Event('change'))",
            name, value,
        )  # fmt: skip

    titles, names = shown()
    assert names == ["unet.conv_in", "unet.down_blocks.0.attn1.to_v"]
    assert titles == [
        "unet.conv_in, weights: 12.0", "unet.conv_in, input: 30.0", "unet.down_blocks.0.attn1.to_v, output: 3.00"
    ]  # fmt: skip
    assert "Means of 2 measured rows" in find("#layers .chart p")[0].text
    at = {title: float(c.get_attribute("cx")) for title, c in zip(titles, find("#layers circle"))}
    assert at[titles[2]] < at[titles[0]] < at[titles[1]]  # more dB are further right
    choose("layerOrder", "value")
    assert shown()[1] == names[::-1]
    choose("layerMeasure", "code_used")
    assert shown()[0] == ["unet.conv_in, weights: 0.750"]
    choose("layerMeasure", "sqnr")
    choose("layersOf", "w3")
    assert shown()[0] == ["unet.conv_in, weights: 20.0"] and "1 measured row." in find("#layers .chart p")[0].text
    if os.environ.get("LAB_SHOTS"):
        choose("layersOf", "w2")
        browser.save_screenshot(os.path.join(os.environ["LAB_SHOTS"], "layers.png"))
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
