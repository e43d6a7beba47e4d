"""`vigil check`: ask the running service about one text."""

from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from app.commands.service import api_key, api_url
from app.errors import StartError
from app.schemas.guard import Mode

COLOURS = {"ALLOW": "green", "SANITIZE": "yellow", "BLOCK": "red"}


def check(
    text: Annotated[str, typer.Argument(help="The text to judge.")],
    mode: Annotated[Mode, typer.Option(help="`fast` skips the classifier.")] = Mode.FULL,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as it came.")] = False,
) -> None:
    """Ask the running service about TEXT. VIGIL_URL and VIGIL_API_KEY name another one."""
    answer = _ask({"text": text, "mode": mode.value, "return_decision_process": True})
    if json:
        typer.echo(answer.text)
    elif answer.is_success:
        _show(answer.json())
    if not answer.is_success:
        raise StartError(answer.json().get("detail", answer.text))


def _ask(body: dict[str, Any]) -> httpx.Response:
    url, key = api_url(), api_key()
    try:
        return httpx.post(
            f"{url}/v1/guard/input", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=10.0
        )
    except httpx.TransportError as error:
        raise StartError(f"{url} does not answer ({error}): start it with `vigil up`") from None


def _show(verdict: dict[str, Any]) -> None:
    console = Console(highlight=False)
    process = verdict["decision_process"]
    colour = COLOURS[verdict["decision"]]
    console.print(f"[bold {colour}]{verdict['decision']}[/]  threat score {verdict['threat_score']:g}")
    for branch in process["branches"]:
        note = f"  degraded: {branch['reason']}" if branch["degraded"] else ""
        weight = process["weights"][branch["branch"]]
        console.print(f"  {branch['branch']:<11}{branch['score']:>6.1f}  weight {weight:.3f}{note}")
    for floor in process["floors"]:
        console.print(f"  raised to {floor['minimum']:g}: {floor['reason']}")
    if verdict["categories"]:
        console.print(f"  categories: {', '.join(verdict['categories'])}")
    if process["entities"]:
        console.print(
            f"  personal data: {', '.join(sorted({entity['type'] for entity in process['entities']}))}"
        )
    if verdict["sanitized_text"] is not None:
        console.print("  sanitized text:")
        console.print(verdict["sanitized_text"], markup=False)
