"""The engines that can be served by themselves: their names, their ports, their applications."""

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from starlette.types import ASGIApp


class Served(NamedTuple):
    """An engine as a service. `module` has a function `create_app()` that loads it and answers for it."""

    module: str
    port: int
    summary: str

    def application(self) -> ASGIApp:
        """The application; loading the engine takes a moment."""
        app: ASGIApp = import_module(self.module).create_app()
        return app


# The ports are those of the predecessor's services.
ENGINES: Mapping[str, Served] = {
    "heuristics": Served("app.remote.heuristics.server", 5005, "branch A, rules: POST /analyze"),
    "semantic": Served("app.remote.semantic.server", 5006, "branch B, meaning: POST /analyze"),
    "classifier": Served("app.remote.classifier.server", 8000, "branch C, the classifier: POST /detect"),
    "pii": Served("app.remote.pii.server", 5001, "personal data: POST /analyze"),
    "language": Served("app.remote.language.server", 5002, "the language of a text: POST /detect"),
}
