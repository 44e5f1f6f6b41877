"""Headless Chromium in a network namespace, driven by the DevTools protocol over a pipe: what a person sees, clicks and types.

    with Browser(namespace, folder, resolver="10.0.0.1") as browser:
        page = browser.open("http://any.example/")
        page.click("button")

Waits are bounded; what a page waits for is asked by an expression of JavaScript. Needs Debian's chromium.
"""
import base64
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time

PROGRAM = "chromium"
WIDE, PHONE = (1280, 800), (390, 844)
_SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps", "--disable-breakpad", "--mute-audio", "--hide-scrollbars",
             "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,AsyncDns,DnsOverHttps,Translate,OptimizationHints,MediaRouter", "--remote-debugging-pipe")


class Failed(RuntimeError):
    """The browser, or the page in it, did not do what was asked of it in time."""


def missing():
    """Why there is no browser, or None."""
    return None if shutil.which(PROGRAM) else f"needs {PROGRAM}"


class Browser:
    """One process with a profile of its own. `resolver`: the name server that its machine was given, instead of this machine's."""

    def __init__(self, namespace, folder, resolver=None):
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._answers, self._heard, self._lock, self._number = {}, [], threading.Lock(), 0
        self._news = threading.Condition(self._lock)
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        inside = ""
        if resolver:
            (self._folder / "resolv.conf").write_text(f"nameserver {resolver}\noptions timeout:1\n", encoding="ascii")
            inside = f"mount --bind {self._folder}/resolv.conf /etc/resolv.conf && "
        command = ["unshare", "--mount", "bash", "-c", f'{inside}exec "$@" 3<&{to_read} 4>&{to_write}', "bash", PROGRAM, *_SWITCHES, f"--user-data-dir={self._folder}/profile", "about:blank"]
        environment = dict(os.environ, HOME=str(self._folder), XDG_RUNTIME_DIR=str(self._folder), DBUS_SESSION_BUS_ADDRESS="disabled:", LANG="C.UTF-8", TZ="UTC")
        with open(self._folder / "log", "ab") as log:
            self._process = namespace.popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(to_read, to_write), env=environment)
        os.close(to_read)
        os.close(to_write)
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.version = self.ask("Browser.getVersion", seconds=60)["product"]
        except Failed:
            self.close()
            raise

    def _listen(self):
        rest = b""
        while piece := os.read(self._from, 1 << 16):
            *messages, rest = (rest + piece).split(b"\0")
            with self._news:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers[message["id"]].put(message)
                    else:
                        self._heard.append(message)
                self._news.notify_all()
        with self._news:
            for waiting in self._answers.values():
                waiting.put({"error": {"message": "the browser has ended"}})

    def ask(self, method, session=None, seconds=20, **parameters):
        with self._lock:
            self._number += 1
            number, waiting = self._number, queue.Queue()
            self._answers[number] = waiting
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
            answer = waiting.get(timeout=seconds)
        except (queue.Empty, BrokenPipeError):
            raise Failed(f"{method}: no answer in {seconds} s; {self._log()}") from None
        finally:
            with self._lock:
                del self._answers[number]
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}; {self._log()}")
        return answer["result"]

    def _log(self):
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def heard(self, session, method):
        with self._lock:
            return [each["params"] for each in self._heard if each.get("sessionId") == session and each["method"] == method]

    def open(self, url="about:blank", size=WIDE):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page.resize(size)
        if url != "about:blank":
            page.go(url)
        return page

    def close(self):
        self._process.kill()
        self._process.wait(10)
        os.close(self._to)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Page:
    def __init__(self, browser, session):
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def _ask(self, method, **parameters):
        return self._browser.ask(method, self._session, **parameters)

    def resize(self, size):
        self._ask("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=size[0] < 600)

    def dark(self, is_dark=True):
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])

    def go(self, url):
        """Follows redirects; Failed if nothing is there."""
        error = self._ask("Page.navigate", url=url).get("errorText")
        if error:
            raise Failed(f"{url}: {error}")
        self.wait("document.readyState === 'complete'")

    def run(self, expression):
        """The value of an expression of JavaScript, or of its promise."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def wait(self, expression, seconds=15):
        """Until it is true; then its value."""
        deadline, error = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                if value := self.run(f"((value) => value instanceof Node || value)({expression})"):
                    return value
            except Failed as failed:        # between two pages there is nothing to ask
                error = failed
            time.sleep(0.05)
        raise Failed(f"{expression} did not become true; {error or ''} the page says: {self.text()[:1500]}")

    def text(self):
        return self.run("document.body.innerText")

    def wait_text(self, text, seconds=15):
        """Until the page, or an element of it that CSS does not hide, says this."""
        return self.wait(f"document.body.innerText.includes({json.dumps(text)})", seconds)

    def click(self, selector, text=None):
        """With the mouse, on the first that can be seen, whose text begins so."""
        find = (f"[...document.querySelectorAll({json.dumps(selector)})].find((each) => each.checkVisibility() && "
                f"({json.dumps(text)} === null || (each.innerText || each.value || '').trim().startsWith({json.dumps(text)})))")
        spot = self.wait(f"(() => {{ const found = {find}; if (!found) return null; found.scrollIntoView({{block: 'center'}}); const at = found.getBoundingClientRect();"
                         " return [at.x + at.width / 2, at.y + at.height / 2]; })()")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="none" if kind == "mouseMoved" else "left", clickCount=0 if kind == "mouseMoved" else 1)

    def type(self, text, selector=None):
        """Into the element that has the focus, or that gets it, in the place of what is there."""
        if selector:
            self.wait(f"(() => {{ const found = document.querySelector({json.dumps(selector)}); found?.focus(); found?.select?.(); return !!found; }})()")
        self._ask("Input.insertText", text=text)

    def press(self, key):
        for kind in ("rawKeyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Enter": 13, "Tab": 9, "Escape": 27}[key])
            if kind == "rawKeyDown" and key == "Enter":
                self._ask("Input.dispatchKeyEvent", type="char", key=key, text="\r")

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"]))

    def complaints(self):
        """What went wrong in the page: exceptions, and what its policy (CSP) or the network refused."""
        thrown = [each["exceptionDetails"].get("exception", {}).get("description", str(each["exceptionDetails"])) for each in self._browser.heard(self._session, "Runtime.exceptionThrown")]
        logged = [f"{each['entry']['source']}: {each['entry']['text']} {each['entry'].get('url', '')}" for each in self._browser.heard(self._session, "Log.entryAdded") if each["entry"]["level"] == "error"]
        return thrown + logged
