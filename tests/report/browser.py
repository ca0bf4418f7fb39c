"""A real Chromium without a window, driven by its own protocol over two pipes: no driver, no package, no network."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECONDS = 60.0
# the protocol is spoken on the file descriptors 3 and 4
ON_PIPES = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
)


class Page:
    """One page. troubles: what its console complained of, exceptions, and all that it asked the network for."""

    def __init__(self, give: int, take: int) -> None:
        self._give, self._take, self._rest, self._count = give, take, b"", 0
        self._session: str | None = None
        self.troubles: list[str] = []
        self.loaded = False
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._give, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, file: Path) -> None:
        """Load a file and wait until all of it is there."""
        self.loaded = False
        self.ask("Page.navigate", url=file.resolve().as_uri())
        while not self.loaded:
            self._next()

    def value(self, script: str) -> Any:
        """What an expression is worth in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screen(self, width: int, height: int, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and what the reader prefers."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def key(self, name: str) -> None:
        """Press and release a key where the focus is."""
        codes = {"ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, "End": 35}
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes[name])

    def mouse(self, kind: str, x: float, y: float, button: str = "none") -> None:
        """kind: mouseMoved, mousePressed, mouseReleased."""
        held = 1 if button == "left" and kind != "mouseReleased" else 0
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=held, clickCount=1)

    def picture(self, file: Path, whole: bool = True) -> None:
        """A screenshot as PNG."""
        answer = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))

    def paper(self) -> bytes:
        """The page printed to PDF."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=False)["data"])

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            part = os.read(self._take, 1 << 20)
            assert part, "the browser has gone"
            assert time.monotonic() < end, "the browser does not answer"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._watch(message.get("method", ""), message.get("params", {}))
        return message

    def _watch(self, method: str, told: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method in {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}:
            self.troubles.append(json.dumps(told)[:600])
        elif method == "Network.requestWillBeSent" and not told["request"]["url"].startswith(("file:", "data:")):
            self.troubles.append(f"asked for {told['request']['url']}")


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Chromium with an empty profile in `folder`, in which no host name leads anywhere."""
    assert BROWSER
    (child_take, give), (take, child_give) = os.pipe(), os.pipe()
    options = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--no-sandbox"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}"]
    command = [sys.executable, "-c", ON_PIPES, str(child_take), str(child_give), BROWSER, *options]
    with subprocess.Popen(command, pass_fds=(child_take, child_give), stderr=subprocess.DEVNULL) as process:
        os.close(child_take)
        os.close(child_give)
        try:
            yield Page(give, take)
        finally:
            process.terminate()
            process.wait()
            os.close(give)
            os.close(take)
