"""tests/server/clients_test.py SERVER [--url URL] [--only NAME...]: the libraries that people already use speak to
yent-server as to any other: openai, langchain-openai, webuiapi, httpx-sse; and the requests that SillyTavern and
Open WebUI send, in their order. A library that is not here is skipped by name; without any: 77."""

import argparse
import base64
import io
import json
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from urllib.parse import urlsplit

from serving import server

KEY = "a-key-of-the-test"


class Skip(Exception):
    pass


@contextmanager
def needs(library):
    try:
        yield
    except ImportError as error:
        raise Skip(f"no {library}") from error


def picture(data):
    with needs("Pillow"):
        from PIL import Image
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def blank(width=64, height=64, colour=(200, 40, 40)):
    with needs("Pillow"):
        from PIL import Image
    return Image.new("RGB", (width, height), colour)


def distance(image, colour=(200, 40, 40)):
    """Of the pixels to that of blank(), on average, summed over the channels."""
    data = image.convert("RGB").tobytes()
    return 3 * sum(abs(value - colour[i % 3]) for i, value in enumerate(data)) / len(data)


def as_png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


# ---- openai ---------------------------------------------------------------------------------


def openai_client(url):
    with needs("openai"):
        from openai import OpenAI
    return OpenAI(base_url=url + "v1", api_key=KEY, max_retries=0, timeout=120)


def openai_images(url):
    """Pictures with our own fields beside; the same seed gives the same bytes."""
    client = openai_client(url)
    request = dict(prompt="a red cat", size="64x64", n=2, extra_body={"seed": 7, "steps": 2})
    answer = client.images.generate(**request)
    pictures = [base64.b64decode(image.b64_json) for image in answer.data]
    assert [picture(data).size for data in pictures] == [(64, 64)] * 2
    again = client.images.generate(**request)
    assert [base64.b64decode(image.b64_json) for image in again.data] == pictures
    assert abs(answer.created - time.time()) < 600


def openai_stream(url):
    """Partial pictures while it paints, then the whole."""
    client = openai_client(url)
    extra = {"seed": 7, "steps": 6}
    stream = client.images.generate(
        prompt="a red cat", size="64x64", stream=True, partial_images=2, extra_body=extra
    )
    events = list(stream)
    names = [event.type for event in events]
    assert names == ["image_generation.partial_image"] * 2 + ["image_generation.completed"], names
    assert [event.partial_image_index for event in events[:-1]] == [0, 1]
    whole = base64.b64decode(events[-1].b64_json)
    assert picture(whole).size == (64, 64)
    direct = client.images.generate(prompt="a red cat", size="64x64", extra_body=extra)
    assert base64.b64decode(direct.data[0].b64_json) == whole


def openai_edits(url):
    """A picture repainted where its mask is transparent, and the rest as it was."""
    client = openai_client(url)
    with needs("Pillow"):
        from PIL import Image
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 32, 64))
    answer = client.images.edit(
        image=("a.png", as_png(blank())),
        mask=("mask.png", as_png(mask)),
        prompt="a green door",
        extra_body={"seed": 1, "steps": 4},
    )
    edited = picture(base64.b64decode(answer.data[0].b64_json)).convert("RGB")
    assert edited.size == (64, 64)
    left, right = edited.crop((0, 0, 24, 64)), edited.crop((48, 0, 64, 64))
    assert distance(right) < 60, "what was not masked has changed"
    assert left.getcolors(1) is None, "what was masked is still one colour"


def openai_refusals(url):
    """A field that cannot be honoured is named; values that ask for nothing are taken."""
    client = openai_client(url)
    import openai

    for field, value in (("size", "7x7"), ("background", "transparent"), ("n", 1000)):
        try:
            client.images.generate(**{"prompt": "a", "size": "64x64", field: value})
        except openai.BadRequestError as error:
            assert field in error.message and error.param == field, (field, error.message, error.param)
        else:
            raise AssertionError(f"{field} {value} was accepted")
    client.images.generate(
        prompt="a", size="64x64", background="auto", quality="auto", moderation="auto", user="me",
        extra_body={"steps": 1},
    )


def openai_models(url):
    client = openai_client(url)
    names = [model.id for model in client.models.list()]
    assert names, "no models"
    assert client.models.retrieve(names[0]).id == names[0]


def openai_chat(url):
    """Yent answers, at once and in pieces: the pieces are the answer."""
    client = openai_client(url)
    model = [model.id for model in client.models.list()][0]
    said = [{"role": "user", "content": "draw me a cat"}]
    request = dict(model=model, messages=said, seed=5, max_tokens=30)
    answer = client.chat.completions.create(**request)
    words = answer.choices[0].message.content
    assert words and answer.choices[0].message.role == "assistant", answer
    assert answer.usage.completion_tokens > 0 and answer.choices[0].finish_reason in ("stop", "length")
    pieces = list(client.chat.completions.create(**request, stream=True))
    streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert streamed == words, (streamed, words)
    assert len(pieces) > 2 and pieces[-1].choices[0].finish_reason, pieces[-1]


def openai_completions(url):
    """Raw text, continued; the same seed says the same."""
    client = openai_client(url)
    model = [model.id for model in client.models.list()][0]
    request = dict(model=model, prompt="Once upon a time", max_tokens=8, seed=1)
    first = client.completions.create(**request).choices[0].text
    assert first == client.completions.create(**request).choices[0].text and first
    pieces = client.completions.create(**request, stream=True)
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == first


def langchain(url):
    with needs("langchain-openai"):
        from langchain_openai import ChatOpenAI
    chat = ChatOpenAI(base_url=url + "v1", api_key=KEY, model="yent", max_retries=0, seed=5)
    answer = chat.invoke("my code has bugs")
    assert answer.content
    assert "".join(piece.content for piece in chat.stream("my code has bugs"))


# ---- AUTOMATIC1111 --------------------------------------------------------------------------


def webui_client(url, **more):
    with needs("webuiapi"):
        import webuiapi
    address = urlsplit(url)
    settings = dict(sampler="Euler a", steps=2, username="me", password=KEY)
    return webuiapi.WebUIApi(host=address.hostname, port=address.port, **{**settings, **more})


def webui_lists(url):
    api = webui_client(url)
    assert "Euler a" in api.util_get_sampler_names(), api.util_get_sampler_names()
    models = api.util_get_model_names()
    assert models and api.util_get_current_model() in models, (models, api.util_get_current_model())
    api.util_set_model(models[0])
    api.util_wait_for_ready(0.1)
    for rows in (api.get_sd_vae(), api.get_loras(), api.get_upscalers(), api.get_latent_upscale_modes()):
        assert isinstance(rows, list), rows
    assert set(api.get_scripts()) >= {"txt2img", "img2img"}
    assert "loaded" in api.get_embeddings()
    assert isinstance(api.get_memory(), dict) and isinstance(api.get_cmd_flags(), dict)
    assert api.util_get_scheduler_names()


def webui_txt2img(url):
    """Forty fields at their defaults; the picture knows its settings; -1 is a seed by chance."""
    api = webui_client(url)
    answer = api.txt2img(prompt="a (red:1.2) cat", negative_prompt="dog", seed=7, width=64, height=64)
    assert answer.image.size == (64, 64)
    assert answer.info["seed"] == 7 and answer.info["all_seeds"] == [7], answer.info
    again = api.txt2img(prompt="a (red:1.2) cat", negative_prompt="dog", seed=7, width=64, height=64)
    assert again.image.tobytes() == answer.image.tobytes()
    plain = api.txt2img(prompt="a red cat", negative_prompt="dog", seed=7, width=64, height=64)
    assert plain.image.tobytes() != answer.image.tobytes(), "the weight in parentheses did nothing"
    several = api.txt2img(prompt="a", batch_size=2, n_iter=2, width=64, height=64, seed=3)
    assert len(several.images) == 4 and several.info["all_seeds"] == [3, 4, 5, 6], several.info
    assert api.txt2img(prompt="a", width=64, height=64).info["seed"] >= 0
    fresh = api.txt2img(prompt="a", seed=3, width=64, height=64, sampler_name="DDIM")  # with eta 1, as always
    assert "Eta DDIM: 1" in fresh.info["infotexts"][0], fresh.info
    assert fresh.image.tobytes() != several.image.tobytes()
    told = api.png_info(answer.image)
    assert "a (red:1.2) cat" in str(told.info) and "Seed: 7" in str(told.info), told.info


def webui_img2img(url):
    api = webui_client(url)
    start = blank()
    near = api.img2img(images=[start], prompt="a", denoising_strength=0.05, steps=20, width=64, height=64, seed=1)
    far = api.img2img(images=[start], prompt="a", denoising_strength=1.0, steps=4, width=64, height=64, seed=1)
    assert distance(near.image) < distance(far.image), (distance(near.image), distance(far.image))


def webui_refusals(url):
    """What would change the picture and cannot be done is refused by name."""
    api = webui_client(url)
    for field, value in (("tiling", True), ("restore_faces", True), ("enable_hr", True), ("subseed_strength", 0.5)):
        try:
            api.txt2img(prompt="a", width=64, height=64, **{field: value})
        except RuntimeError as error:
            status, text = error.args
            assert 400 <= status < 500 and field in text, (field, status, text)
        else:
            raise AssertionError(f"{field} {value} was accepted")


# ---- Programs, by the requests they send ----------------------------------------------------


def requests_to(url, auth=True):
    with needs("requests"):
        import requests
    session = requests.Session()
    if auth:
        session.auth = ("me", KEY)

    def send(method, path, **more):
        answer = session.request(method, f"{url}sdapi/v1/{path}", timeout=120, **more)
        assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
        return answer.json()

    return send


def silly_tavern(url):
    """Connect, fill the lists, choose a model and wait for it, paint; its body has its own url and auth inside."""
    send = requests_to(url)
    assert "sd_model_checkpoint" in send("GET", "options")
    for path, key in (("samplers", "name"), ("schedulers", "name"), ("sd-models", "title"),
                      ("upscalers", "name"), ("latent-upscale-modes", "name"), ("sd-vae", "model_name")):
        rows = send("GET", path)
        assert isinstance(rows, list) and all(key in row for row in rows), (path, rows)
    send("POST", "options", json={"sd_model_checkpoint": send("GET", "sd-models")[0]["title"]})
    progress = send("GET", "progress")
    assert progress["progress"] == 0 and progress["state"]["job_count"] == 0, progress
    body = {
        "url": url, "auth": f"me:{KEY}", "prompt": "a red cat", "negative_prompt": "",
        "sampler_name": "Euler a", "scheduler": "Automatic", "steps": 2, "cfg_scale": 7, "width": 64,
        "height": 64, "restore_faces": False, "enable_hr": False, "hr_upscaler": "Latent",
        "hr_scale": 1, "hr_additional_modules": [], "denoising_strength": 0.7, "hr_second_pass_steps": 0,
        "seed": -1, "override_settings": {"CLIP_stop_at_last_layers": 1},
        "override_settings_restore_afterwards": True, "clip_skip": 1, "save_images": True,
        "send_images": True, "do_not_save_grid": False, "do_not_save_samples": False,
    }
    answer = send("POST", "txt2img", json=body)
    assert picture(base64.b64decode(answer["images"][0])).size == (64, 64)
    assert KEY not in json.dumps(answer), "the answer repeats the password"
    send("POST", "interrupt")


def open_webui(url):
    """Reads the options, puts all of them back with the model changed, paints with few fields."""
    send = requests_to(url)
    options = send("GET", "options")
    models = send("GET", "sd-models")
    options["sd_model_checkpoint"] = models[-1]["title"]
    send("POST", "options", json=options)
    assert send("GET", "options")["sd_model_checkpoint"] == models[-1]["title"]
    body = {"prompt": "a red cat", "batch_size": 1, "width": 64, "height": 64, "steps": 2}
    answer = send("POST", "txt2img", json=body)
    assert picture(base64.b64decode(answer["images"][0])).size == (64, 64)
    assert json.loads(answer["info"])["seed"] >= 0


def events(url):
    """httpx-sse follows a job, leaves in the middle, and resumes after the last event it saw."""
    with needs("httpx-sse"):
        import httpx
        from httpx_sse import connect_sse
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as client:
        job = client.post(f"{url}jobs", json={"input": "who are you", "steps": 12, "seed": 3})
        assert job.status_code == 202, job.text
        job = job.json()["id"]
        seen = []
        with connect_sse(client, "GET", f"{url}events/{job}") as source:
            for event in source.iter_sse():
                if not event.data:  # httpx-sse makes an event of a lone `retry:`, too
                    continue
                seen.append(event)
                if event.event == "step" and json.loads(event.data)["step"] >= 2:
                    break
        headers = {"Last-Event-ID": seen[-1].id}
        with connect_sse(client, "GET", f"{url}events/{job}", headers=headers) as source:
            rest = [event for event in source.iter_sse() if event.data]
    names = [event.event for event in seen]
    assert names.index("word") < names.index("reaction") < names.index("step"), names
    words = "".join(json.loads(e.data)["text"] for e in seen if e.event == "word" and json.loads(e.data)["who"] == "artist")
    reaction = next(json.loads(e.data) for e in seen if e.event == "reaction")
    assert words.strip() and reaction["yent_words"], (words, reaction)
    ids = [event.id for event in seen + rest]
    assert len(set(ids)) == len(ids), "an event came twice"
    assert rest[-1].event == "done" and "picture" in [event.event for event in rest], [e.event for e in rest]
    steps = [json.loads(e.data)["step"] for e in seen + rest if e.event == "step"]
    assert steps == sorted(set(steps)) and steps[-1] == 12, steps


OPENAI = [openai_images, openai_stream, openai_edits, openai_refusals, openai_models, openai_chat, openai_completions, langchain]
A1111 = [webui_lists, webui_txt2img, webui_img2img, webui_refusals, silly_tavern, open_webui]


def go(url, tests):
    passed = failed = 0
    for test in tests:
        began = time.monotonic()
        try:
            test(url)
            passed += 1
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        except Skip as why:
            print(f"skipped: {test.__name__} ({why})")
        except Exception:
            failed += 1
            print(f"{test.__name__}: failed", flush=True)
            traceback.print_exc()
    return failed, passed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--url", help="of a server that runs and knows the key " + KEY)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    tests = [events] + OPENAI + A1111
    if options.only:
        tests = [test for test in tests if test.__name__ in options.only]
    if options.url:
        failed, passed = go(options.url, tests)
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
            keys.write(KEY + "\n")
            keys.flush()
            with server(options.program, "--api-key-file", keys.name) as url:
                failed, passed = go(url, tests)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0 if passed else 77


if __name__ == "__main__":
    sys.exit(main())
