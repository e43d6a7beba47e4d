"""The guardrail of a task or of an agent."""

from collections.abc import Callable
from typing import Any

from crewai.tasks.task_output import TaskOutput

from vigil_stream.client import Vigil
from vigil_stream.gate import NOTICE, Choices, Gate, OnBlock, OnSanitize
from vigil_stream.guarding import Check, FailMode, Guard
from vigil_stream.models.verdict import Mode
from vigil_stream.places import places


def vigil_guardrail(
    vigil: Vigil | None = None,
    *,
    mode: str = Mode.FULL,
    fail_mode: FailMode = "closed",
    on_block: OnBlock = "answer",
    on_sanitize: OnSanitize = "replace",
    on_check: Callable[[Check], object] | None = None,
) -> Callable[[Any], tuple[bool, Any]]:
    """`Task(..., guardrail=vigil_guardrail(vigil))`: a task's output is judged before anything is done with it.

    A sanitized text takes the place of the output. A blocked output is sent back to the agent with the reason, as often
    as the task allows (`guardrail_max_retries`); then the task fails. Output that is JSON is judged value by value, so
    that it stays JSON.

    Args:
        vigil: without one, made from VIGIL_URL and VIGIL_API_KEY.
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` fails the task when Vigil cannot be asked, `open` passes the output on; see `Guard`.
        on_block: `answer` as above; `raise` raises Blocked at once.
        on_sanitize: `replace`, or `block`: what would have to be sanitized is blocked.
        on_check: called with every check that passed something on.
    """
    gate = Gate(vigil, Guard(mode, fail_mode, on_check=on_check), Choices(on_block, on_sanitize, NOTICE))

    # A function: CrewAI reads the source of guardrails for its events, which other callables do not have.
    def guardrail(output: Any) -> tuple[bool, Any]:
        document = {"arguments": output.raw}
        (passed,) = gate.run(gate.pass_all([(document, places(document, direction="output"))]))
        if passed.blocked is not None:
            reason = ", ".join(passed.blocked.verdict.categories) or "its policy"
            return (
                False,
                f"The answer was blocked by Vigil ({reason}). Answer again, without what was blocked.",
            )
        if passed.changed:
            return True, passed.document["arguments"]
        return True, output if isinstance(output, TaskOutput) else output.raw

    return guardrail
