"""The browser extension in Chromium, on pages built like ChatGPT, Claude and Gemini, against the running product."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, Playwright, expect

from app.runtime.ports import free_port
from tests.chat_pages import EXTENSION, SITES, ChatPages
from tests.chromium import BUILT, Chat, Chromium, driver, faults
from tests.e2e.test_guard import ATTACK, ATTACK_PL, PESEL
from tests.running import Vigil

QUESTION = "What is the capital of France?"
PERSONAL = f"Mój PESEL to {PESEL}, proszę o pomoc"
CLEANED = "Mój PESEL to [PL_PESEL_1], proszę o pomoc"

ARCHIVE = EXTENSION / "dist" / "vigil-extension.zip"

Open = Callable[..., Chat]


def run(*command: str, folder: Path) -> str:
    """What it said; Node and npm are those of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The extension and the pages, of the sources as they are."""
    # What is installed stays as it is: these tests run in it.
    installed = [".venv/.installed", ".venv/.browser", "clients/extension/node_modules/.installed"]
    old = [f"--old-file={name}" for name in installed]
    run("make", "--no-print-directory", *old, "extension", folder=EXTENSION.parents[1])
    run("npm", "run", "--silent", "pages", folder=EXTENSION)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with driver() as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatPages]:
    pages = ChatPages(tmp_path_factory.mktemp("pages"))
    yield pages
    pages.stop()


@pytest.fixture(scope="module")
def running_chromium(
    playwright: Playwright, served: ChatPages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    chromium = Chromium(playwright, tmp_path_factory.mktemp("chromium"), served)
    yield chromium
    chromium.close()


@pytest.fixture
def chromium(running_chromium: Chromium, vigil: Vigil) -> Iterator[Chromium]:
    """With the product's address and key, failing closed; without a tab."""
    running_chromium.settings(address=vigil.url, key=vigil.key, failMode="closed")
    yield running_chromium
    for page in running_chromium.context.pages[1:]:
        page.close()


@pytest.fixture
def pages(served: ChatPages) -> ChatPages:
    served.requests.clear()
    return served


@pytest.fixture
def open_chat(chromium: Chromium, pages: ChatPages) -> Open:
    """Opens the page of a site in a tab of its own."""
    return lambda host="chatgpt.com": Chat(chromium.context.new_page(), host)


def eventually(condition: Callable[[], object], page: Page) -> None:
    """Return when `condition` holds. The page goes on meanwhile, as `time.sleep` would not let it."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(20)


def sent(pages: ChatPages, chat: Chat, count: int = 1) -> list[str]:
    """The prompts that reached the page's server, once there are as many; a moment later there are no more."""
    eventually(lambda: len(list(pages.prompts())) >= count, chat.page)
    chat.page.wait_for_timeout(100)
    return [text_of(chat.host, body) for body in pages.prompts()]


def text_of(host: str, body: str) -> str:
    if host == "gemini.google.com":
        return json.loads(json.loads(parse_qs(body)["f.req"][0])[1])[0][0]
    content = json.loads(body)
    return content["prompt"] if host == "claude.ai" else content["messages"][0]["content"]["parts"][0]


def test_the_parts_that_need_no_browser() -> None:
    said = run("npm", "test", "--silent", folder=EXTENSION)
    assert re.search(r"^# pass [1-9]\d+$", said, re.M)
    assert re.search(r"^# fail 0$", said, re.M)


def test_the_archive_holds_the_extension_and_is_the_same_each_time(tmp_path: Path) -> None:
    with ZipFile(ARCHIVE) as archive:
        names = archive.namelist()
    assert {"manifest.json", "worker.js", "content.js", "page.js", "options.html"} <= set(names)
    assert not [name for name in names if name.endswith((".ts", ".map"))]
    before = sha256(ARCHIVE.read_bytes()).hexdigest()
    run("node", "build.mjs", folder=EXTENSION)
    run("python", "pack.py", str(BUILT), str(tmp_path / "again.zip"), folder=EXTENSION)
    assert sha256((tmp_path / "again.zip").read_bytes()).hexdigest() == before


def test_its_lock_has_hashes_and_no_addresses() -> None:
    packages = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_it_asks_for_no_more_than_it_needs() -> None:
    manifest = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["permissions"] == ["storage"]
    assert "host_permissions" not in manifest
    hosts = {f"https://{host}/*" for host in SITES}
    assert [set(script["matches"]) for script in manifest["content_scripts"]] == [hosts, hosts]
    assert manifest["optional_host_permissions"] == ["https://*/*", "http://*/*"]
    assert "web_accessible_resources" not in manifest
    assert "externally_connectable" not in manifest
    policy = manifest["content_security_policy"]["extension_pages"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy


def test_both_languages_have_every_message() -> None:
    english, polish = (
        json.loads((BUILT / "_locales" / language / "messages.json").read_text(encoding="utf-8"))
        for language in ("en", "pl")
    )
    assert english.keys() == polish.keys()
    assert all(entry["message"] for messages in (english, polish) for entry in messages.values())


@pytest.mark.parametrize("by", ["Enter", "button"])
@pytest.mark.parametrize("host", SITES)
def test_an_attack_is_stopped_before_any_request_carries_it(
    open_chat: Open, pages: ChatPages, host: str, by: str
) -> None:
    chat = open_chat(host)
    chat.send(ATTACK if by == "Enter" else ATTACK_PL, by)
    expect(chat.dialog).to_contain_text("Blocked: this was not sent")
    expect(chat.dialog).to_contain_text("It tells the model to disregard its instructions")
    chat.choose("Edit")
    expect(chat.field).to_have_text(ATTACK if by == "Enter" else ATTACK_PL)
    expect(chat.field).to_be_focused()
    chat.page.wait_for_timeout(200)
    assert list(pages.prompts()) == []
    assert not pages.carried(ATTACK if by == "Enter" else ATTACK_PL)


@pytest.mark.parametrize("by", ["Enter", "button"])
@pytest.mark.parametrize("host", SITES)
def test_the_cleaned_text_is_what_the_page_sends(
    open_chat: Open, pages: ChatPages, host: str, by: str
) -> None:
    chat = open_chat(host)
    chat.send(PERSONAL, by)
    expect(chat.dialog.locator("del")).to_have_text(PESEL)
    expect(chat.dialog.locator("ins")).to_have_text("[PL_PESEL_1]")
    assert list(pages.prompts()) == []
    chat.choose("Send cleaned")
    assert sent(pages, chat) == [CLEANED]
    assert not pages.carried(PESEL)
    expect(chat.page.locator("#transcript")).to_have_text(CLEANED)


@pytest.mark.parametrize("by", ["Enter", "button"])
@pytest.mark.parametrize("host", SITES)
def test_a_clean_text_passes_unchanged_and_once(
    open_chat: Open, pages: ChatPages, host: str, by: str
) -> None:
    chat = open_chat(host)
    chat.send(QUESTION, by)
    assert sent(pages, chat) == [QUESTION]
    expect(chat.notice).to_contain_text("Allowed by Vigil")
    expect(chat.dialog).to_have_count(0)
    chat.send(QUESTION, by)
    assert sent(pages, chat, 2) == [QUESTION, QUESTION]


@pytest.mark.parametrize("host", SITES)
def test_what_goes_around_the_composer_is_caught_in_the_request(
    open_chat: Open, pages: ChatPages, host: str
) -> None:
    chat = open_chat(host)
    resend = chat.page.get_by_role("button", name="Send again")
    chat.page.locator("#earlier").fill(ATTACK)
    resend.click()
    expect(chat.dialog).to_contain_text("Blocked")
    chat.choose("Close")
    expect(chat.page.locator("body")).to_have_attribute(
        "data-error", "error" if "gemini" in host else "AbortError"
    )
    expect(chat.field).to_have_text(ATTACK)  # what the page has thrown away is given back
    chat.field.fill("")
    chat.page.locator("#earlier").fill(PERSONAL)
    resend.click()
    chat.choose("Send cleaned")
    assert sent(pages, chat) == [CLEANED]
    assert not pages.carried(PESEL)
    assert not pages.carried(ATTACK)


def test_the_cleaned_text_can_be_edited_and_the_choice_cancelled(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat()
    chat.send(PERSONAL)
    expect(chat.dialog).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.dialog).to_have_count(0)
    expect(chat.field).to_have_text(PERSONAL)
    chat.field.press("Enter")
    chat.choose("Edit cleaned")
    expect(chat.field).to_have_text(CLEANED)
    assert list(pages.prompts()) == []
    chat.field.press("Enter")
    assert sent(pages, chat) == [CLEANED]


def test_lines_stay_lines(open_chat: Open, pages: ChatPages) -> None:
    for host in SITES:
        pages.requests.clear()
        chat = open_chat(host)
        chat.write("Dzień dobry,")
        for line in (f"mój PESEL to {PESEL}", "proszę o pomoc"):
            chat.field.press("Shift+Enter")
            chat.page.keyboard.insert_text(line)
        chat.field.press("Enter")
        chat.choose("Send cleaned")
        assert sent(pages, chat) == ["Dzień dobry,\nmój PESEL to [PL_PESEL_1]\nproszę o pomoc"]


def test_a_pasted_text_that_becomes_an_attachment_is_judged(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat("claude.ai")
    document = "The meeting is on Monday, and everybody will come. " * 90
    paste = """(field, text) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    chat.field.evaluate(paste, f"{document} {PERSONAL}")
    chat.send("Please sum this up")
    expect(chat.dialog.locator("del")).to_have_text(PESEL)
    chat.choose("Send cleaned")
    assert sent(pages, chat) == ["Please sum this up"]
    assert not pages.carried(PESEL)
    assert pages.carried("[PL_PESEL_1]")
    assert len(json.loads(next(pages.prompts()))["attachments"][0]["extracted_content"]) > len(document)


def test_a_draft_that_the_page_sends_while_one_types_is_emptied(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat()
    chat.write(PERSONAL)
    eventually(lambda: pages.requests, chat.page)
    for request in pages.requests:
        assert json.loads(request.body)["partial_query"]["content"]["parts"] == [""]


def test_enter_of_a_composition_a_new_line_and_files_alone_are_left_to_the_page(
    open_chat: Open, pages: ChatPages
) -> None:
    chat = open_chat()
    chat.write(ATTACK)
    passed = chat.field.evaluate(
        """(field) => {
            let seen = 0;
            field.addEventListener("keydown", (event) => { seen += 1; event.stopImmediatePropagation() }, true);
            const press = (more) => field.dispatchEvent(new KeyboardEvent("keydown", {
                key: "Enter", bubbles: true, cancelable: true, composed: true, ...more }));
            press({ isComposing: true });
            press({ keyCode: 229 });
            press({ shiftKey: true });
            const composing = seen;
            press({});
            return [composing, seen];
        }"""
    )
    assert passed == [3, 3]
    chat.choose("Close")
    files = open_chat()
    files.page.evaluate("document.body.dataset.files = 1")
    files.field.press("Enter")
    assert sent(pages, files) == [""]
    expect(files.dialog).to_have_count(0)


def test_pressing_again_while_it_is_judged_sends_once(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat()
    chat.write(QUESTION)
    for _ in range(5):
        chat.page.keyboard.press("Enter")
    assert sent(pages, chat) == [QUESTION]
    chat.write(PERSONAL)
    for _ in range(3):
        chat.page.keyboard.press("Enter")
    expect(chat.dialog).to_have_count(1)
    chat.page.keyboard.press("Enter")  # what is open is read first: its title has the focus
    expect(chat.dialog).to_have_count(1)
    chat.choose("Send cleaned")
    assert sent(pages, chat, 2) == [QUESTION, CLEANED]


def test_where_a_page_ignores_keys_that_no_hand_pressed_the_button_sends(
    open_chat: Open, pages: ChatPages
) -> None:
    chat = open_chat()
    chat.page.evaluate(
        """addEventListener("keydown", (event) => event.isTrusted || event.stopImmediatePropagation(), true)"""
    )
    chat.send(QUESTION)
    assert sent(pages, chat) == [QUESTION]
    chat.send(PERSONAL)
    chat.choose("Send cleaned")
    assert sent(pages, chat, 2) == [QUESTION, CLEANED]


def test_what_was_changed_while_it_was_judged_is_not_sent(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat()
    chat.send(PERSONAL)
    expect(chat.dialog).to_be_visible()
    chat.field.evaluate("(field) => { field.querySelector('p').textContent += '!' }")
    chat.choose("Send cleaned")
    chat.page.wait_for_timeout(200)
    assert list(pages.prompts()) == []
    expect(chat.field).to_have_text(f"{PERSONAL}!")


def test_a_text_that_is_too_long_is_stopped_however_the_settings_are(
    open_chat: Open, pages: ChatPages, chromium: Chromium, vigil: Vigil
) -> None:
    chromium.settings(address=vigil.url, key=vigil.key, failMode="open")
    chat = open_chat()
    chat.page.locator("#earlier").fill("word " * 20_001)
    chat.page.get_by_role("button", name="Send again").click()
    expect(chat.dialog).to_contain_text("longer than 100,000 characters")
    assert list(pages.prompts()) == []


def test_a_request_of_an_unknown_form_is_no_request_without_a_text(open_chat: Open, pages: ChatPages) -> None:
    chat = open_chat()
    send = "body => void fetch('/backend-api/f/conversation', {method: 'POST', body}).catch(() => {})"
    chat.page.evaluate(send, json.dumps({"messages": {"blocks": [ATTACK]}}))
    expect(chat.dialog).to_contain_text("in a way that the extension does not know")
    chat.choose("Close")
    assert pages.requests == []


@pytest.mark.parametrize(
    "send",
    [
        "fetch(new Request(path, {method: 'POST', body}))",
        "fetch(new URL(path, location.href), {method: 'post', body: new Blob([body])})",
        "fetch(path, {method: 'POST', body: new Blob([body]).stream(), duplex: 'half'})",
        "new Promise((done) => { const xhr = new XMLHttpRequest(); xhr.onerror = done; xhr.open('POST', path);"
        " xhr.send(new Blob([body])) })",
    ],
    ids=["Request", "URL and Blob", "stream", "XMLHttpRequest"],
)
def test_however_a_request_is_made_its_text_is_judged(open_chat: Open, pages: ChatPages, send: str) -> None:
    chat = open_chat()
    again = f"([path, body]) => void ({send}).catch(() => {{}})"
    for text, decision in ((ATTACK, "Blocked"), (PERSONAL, "cleaned")):
        body = json.dumps({"messages": [{"content": {"parts": [text]}}]})
        chat.page.evaluate(again, ["/backend-api/f/conversation", body])
        expect(chat.dialog).to_contain_text(decision)
        chat.choose("Close" if text == ATTACK else "Send cleaned")
        chat.field.fill("")
    assert sent(pages, chat) == [CLEANED]


@pytest.mark.parametrize("host", SITES)
@pytest.mark.parametrize("key", ["right", "wrong"])
def test_without_a_verdict_it_fails_as_the_settings_say(
    open_chat: Open, pages: ChatPages, chromium: Chromium, vigil: Vigil, host: str, key: str
) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    settings = (
        {"address": down, "key": vigil.key} if key == "right" else {"address": vigil.url, "key": "vk_live_x"}
    )
    reason = "cannot be reached" if key == "right" else "does not accept the key"
    chromium.settings(**settings, failMode="closed")
    chat = open_chat(host)
    chat.send(QUESTION)
    expect(chat.dialog).to_contain_text("Not checked: this was not sent")
    expect(chat.dialog).to_contain_text(reason)
    expect(chat.dialog).to_contain_text("You chose to fail closed")
    chat.choose("Close")
    assert list(pages.prompts()) == []
    chromium.settings(**settings, failMode="open")
    chat.field.press("Enter")
    assert sent(pages, chat) == [QUESTION]
    expect(chat.notice).to_contain_text("Sent unchecked, because you chose to fail open.")
    expect(chat.notice).to_contain_text(reason)


def test_it_is_closed_until_it_is_set_up(open_chat: Open, pages: ChatPages, chromium: Chromium) -> None:
    chromium.settings()
    chat = open_chat()
    for page in chromium.options_pages():
        page.goto("about:blank")
    chat.send(QUESTION)
    expect(chat.dialog).to_contain_text("Vigil has no server yet")
    chat.choose("Open settings")
    eventually(chromium.options_pages, chat.page)
    assert list(pages.prompts()) == []


def test_it_works_on_after_chrome_has_stopped_the_worker(
    open_chat: Open, pages: ChatPages, chromium: Chromium
) -> None:
    chat = open_chat()
    session = chromium.context.new_cdp_session(chat.page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    chat.send(ATTACK)
    expect(chat.dialog).to_contain_text("Blocked")
    chat.choose("Close")
    assert list(pages.prompts()) == []


def test_the_key_is_nowhere_in_the_page(open_chat: Open, chromium: Chromium, vigil: Vigil) -> None:
    chat = open_chat()
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))
    chat.send(PERSONAL)
    expect(chat.dialog).to_be_visible()
    seen = chat.page.evaluate(
        """() => [document.documentElement.outerHTML, document.querySelector("vigil-panel").shadowRoot.innerHTML,
            JSON.stringify({...localStorage, ...sessionStorage}), Object.keys(window).join(), typeof chrome?.storage,
            performance.getEntries().map((entry) => entry.name).join()].join()"""
    )
    assert "undefined" in seen  # no `chrome.storage`
    for text in (seen, *asked):
        assert vigil.key not in text
        assert vigil.url not in text
    # Nor does the content script get it, which shares the page with whatever runs there.
    session = chromium.context.new_cdp_session(chat.page)
    worlds: list[dict] = []
    session.on("Runtime.executionContextCreated", lambda event: worlds.append(event["context"]))
    session.send("Runtime.enable")
    isolated = [world["id"] for world in worlds if chromium.id in world["origin"]]
    assert isolated
    for world in isolated:
        said = session.send(
            "Runtime.evaluate",
            {
                "contextId": world,
                "awaitPromise": True,
                "expression": "chrome.storage.local.get().then((all) => 'got ' + JSON.stringify(all), String)",
            },
        )
        assert "Access to storage is not allowed" in said["result"]["value"]


def test_a_script_of_the_page_can_neither_answer_nor_ask(
    open_chat: Open, pages: ChatPages, chromium: Chromium
) -> None:
    chat = open_chat()
    got = chat.page.evaluate(
        """() => {
            const got = [];
            addEventListener("vigil:port", (event) => got.push(event.ports.length));
            dispatchEvent(new Event("vigil:ready"));
            const { port1, port2 } = new MessageChannel();
            dispatchEvent(new MessageEvent("vigil:port", { ports: [port2], cancelable: true }));
            port1.onmessage = ({ data }) => port1.postMessage({ id: data.id, body: data.body });
            return got;
        }"""
    )
    assert got == [1]  # its own
    chat.send(PERSONAL)
    expect(chat.dialog).to_be_visible()
    chat.page.evaluate("document.querySelector('vigil-panel').shadowRoot.querySelector('button').click()")
    chat.page.wait_for_timeout(200)
    expect(chat.dialog).to_have_count(1)
    assert list(pages.prompts()) == []


def test_the_panel_keeps_the_focus_and_has_no_serious_fault(open_chat: Open) -> None:
    for scheme in ("light", "dark"):
        chat = open_chat()
        chat.page.emulate_media(color_scheme=scheme)
        chat.send(QUESTION)
        expect(chat.notice).to_contain_text("Allowed")
        assert faults(chat.page, "vigil-panel") == []
        for text in (PERSONAL, ATTACK):
            chat.send(text)
            expect(chat.dialog).to_be_visible()
            assert faults(chat.page, "vigil-panel") == []
            focus = "document.querySelector('vigil-panel').shadowRoot.activeElement?.textContent ?? 'outside'"
            stops = []
            for _ in range(8):
                chat.page.keyboard.press("Tab")
                stops.append(chat.page.evaluate(focus))
            assert not chat.page.evaluate("document.activeElement.matches('.ProseMirror, button')")
            buttons = chat.dialog.get_by_role("button").all_text_contents()
            assert set(buttons) <= set(stops)
            chat.page.keyboard.press("Escape")
            expect(chat.dialog).to_have_count(0)


def test_axe_would_see_a_fault_in_the_panel(open_chat: Open) -> None:
    chat = open_chat()
    chat.send(ATTACK)
    expect(chat.dialog).to_be_visible()
    chat.dialog.get_by_role("button", name="Edit").evaluate("(button) => { button.textContent = '' }")
    assert [fault.partition(":")[0] for fault in faults(chat.page, "vigil-panel")] == ["button-name"]


def test_the_options_page(chromium: Chromium, vigil: Vigil) -> None:
    chromium.settings()
    page = chromium.options()
    status = page.get_by_role("status")
    test, save = (page.get_by_role("button", name=name) for name in ("Test connection", "Save"))
    assert faults(page) == []

    test.click()
    expect(status).to_contain_text("This is no address of a server")
    page.get_by_label("Address").fill(vigil.url)
    test.click()
    expect(status).to_have_text("Enter a key.")
    page.get_by_label("API key").fill("vk_live_wrong")
    test.click()
    expect(status).to_contain_text("does not accept the key")
    page.get_by_label("API key").fill(vigil.key)
    test.click()
    expect(status).to_contain_text("Connected: the server judged a text in")
    assert chromium.worker.evaluate("chrome.storage.local.get()") == {}
    page.get_by_label("Let it through").check()
    save.click()
    expect(status).to_have_text("Saved.")
    assert faults(page) == []
    stored = chromium.worker.evaluate("chrome.storage.local.get()")
    assert stored == {"address": vigil.url, "key": vigil.key, "failMode": "open"}

    page.reload()
    expect(page.get_by_label("Address")).to_have_value(vigil.url)
    expect(page.get_by_label("API key")).to_have_value("")
    expect(page.get_by_label("Let it through")).to_be_checked()
    assert vigil.key not in page.content()
    test.click()
    expect(status).to_contain_text("Connected")
    # The stored key goes to no other address.
    page.get_by_label("Address").fill(f"http://127.0.0.1:{free_port()}")
    test.click()
    expect(status).to_have_text("Enter a key.")
    page.get_by_label("API key").fill(vigil.key)
    test.click()
    expect(status).to_contain_text("cannot be reached")


def test_reloading_the_extension_leaves_no_gap_in_open_pages(
    open_chat: Open, pages: ChatPages, chromium: Chromium
) -> None:
    chat = open_chat()
    with chromium.context.expect_event("serviceworker"):
        chromium.reload()
    chat.send(QUESTION)
    expect(chat.dialog).to_contain_text("Reload this page.")
    chat.choose("Close")
    assert list(pages.prompts()) == []
    chat.page.reload()
    chat.send(QUESTION)
    assert sent(pages, chat) == [QUESTION]


def test_it_speaks_polish(playwright: Playwright, pages: ChatPages, vigil: Vigil, tmp_path: Path) -> None:
    chromium = Chromium(playwright, tmp_path, pages, language="pl")
    try:
        chromium.settings(address=vigil.url, key=vigil.key, failMode="closed")
        chat = Chat(chromium.context.new_page(), "claude.ai")
        chat.send(ATTACK_PL)
        expect(chat.dialog).to_contain_text("Zablokowano: nic nie wysłano")
        assert list(pages.prompts()) == []
        options = chromium.options()
        expect(options.get_by_role("heading", name="Ustawienia Vigil")).to_be_visible()
        assert options.evaluate("document.documentElement.lang") == "pl"
        assert faults(options) == []
    finally:
        chromium.close()
