"""The question of the predecessor's semantic service: `POST /analyze`, port 5006. Unknown fields are let pass."""

from typing import Any

from app.remote.branches import Question


class AnalyzeRequest(Question):
    """One text. `request_id` comes back in the answer."""

    request_id: Any = None
