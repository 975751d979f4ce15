"""Real browsers without their windows, all driven by the same few calls: Chromium through Selenium and
Debian's chromedriver, Firefox through WebDriver BiDi, which it speaks itself (Debian has no geckodriver)."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

WAIT = 150  # seconds for what takes a picture's time, on a busy machine


class Browser:
    """What a walk does. `run` calls a JavaScript function body with arguments that JSON can hold."""

    def wait(self, condition, *arguments, seconds=WAIT):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # An element is a truth, too.
            body = f"const found = {condition}; return found instanceof Object ? true : found"
            value = self.run(body, *arguments)
            if value:
                return value
            time.sleep(0.05)
        state = self.run("return document.body.innerText.slice(0, 800)")
        raise AssertionError(f"{self.name}: not within {seconds} s: {condition} {arguments}\n{state}")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)


class Chromium(Browser):
    name = "chromium"

    @staticmethod
    def missing():
        for program in ("chromium", "chromedriver"):
            if not shutil.which(program):
                return program
        try:
            import selenium  # noqa: F401
        except ImportError:
            return "selenium"
        return None

    def __init__(self, width=1366, height=800):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for switch in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument("--" + switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.size(width, height)

    def size(self, width, height, scale=1):
        phone = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, url):
        self.driver.get(url)

    def run(self, body, *arguments):
        return self.driver.execute_script(body, *arguments)

    def type(self, text):
        """To the element that has the focus; keys by Selenium's names in angle brackets."""
        from selenium.webdriver.common.keys import Keys

        if re.fullmatch("<[A-Z_]+>", text):
            text = getattr(Keys, text.strip("<>").upper())
        self.driver.switch_to.active_element.send_keys(text)

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()

    def media(self, **features):
        features = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def errors(self):
        """What the browser complained about, refusals of the server and of the network aside."""
        log = self.driver.get_log("browser")
        return [m["message"] for m in log if m["level"] == "SEVERE" and m["source"] != "network"]

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    def close(self):
        self.driver.quit()


class Firefox(Browser):
    name = "firefox"
    KEYS = {"<ENTER>": "\ue007", "<ESCAPE>": "\ue00c", "<ARROW_UP>": "\ue013", "<TAB>": "\ue004"}

    @staticmethod
    def missing():
        if not (shutil.which("firefox-esr") or shutil.which("firefox")):
            return "firefox"
        try:
            import websocket  # noqa: F401
        except ImportError:
            return "websocket-client"
        return None

    def __init__(self, width=1366, height=800):
        self.profile = tempfile.mkdtemp()
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        command = [program, "--headless", "--no-remote", "--profile", self.profile]
        command += ["--remote-debugging-port", "0", "--width", str(width), "--height", str(height)]
        # To a file: Firefox stops when nobody empties a pipe.
        self.log = open(Path(self.profile) / "log", "w+")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)
        try:
            self.connect(self.address(), width, height)
        except BaseException:
            self.process.kill()
            raise

    def connect(self, address, width, height):
        import websocket

        self.socket = websocket.create_connection(
            address + "/session", suppress_origin=True, timeout=180
        )
        self.serial = 0
        self.call("session.new", capabilities={})
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]
        view = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=self.context, viewport=view)

    def address(self):
        for _ in range(600):
            for line in Path(self.log.name).read_text().splitlines():
                if "WebDriver BiDi listening on" in line:
                    return line.split()[-1]
            time.sleep(0.2)
        raise RuntimeError("firefox does not listen: " + Path(self.log.name).read_text()[-1000:])

    def call(self, method, **parameters):
        self.serial += 1
        self.socket.send(json.dumps({"id": self.serial, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.serial:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def open(self, url):
        self.call("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def run(self, body, *arguments):
        code = f"(function () {{ {body} }}).apply(null, {json.dumps(arguments)})"
        code = f"JSON.stringify([{code}])"
        result = self.call(
            "script.evaluate",
            expression=code,
            target={"context": self.context},
            awaitPromise=False,
        )
        if result["type"] != "success":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])[0]

    def type(self, text):
        actions = []
        for key in [self.KEYS[text]] if text in self.KEYS else text:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("input.performActions", context=self.context, actions=[keyboard])

    def click(self, selector):
        x, y = self.run(
            "const target = document.querySelector(arguments[0]);"
            "target.scrollIntoView({block: 'nearest', inline: 'nearest'});"
            "const box = target.getBoundingClientRect();"
            "return [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)]",
            selector,
        )
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self.call("input.performActions", context=self.context, actions=[mouse])

    def errors(self):
        return []

    def screenshot(self, path):
        shot = self.call("browsingContext.captureScreenshot", context=self.context)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        try:
            self.call("browser.close")
        except Exception:  # it may close the socket first
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.profile, ignore_errors=True)
