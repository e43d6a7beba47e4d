"""What happens when there is no verdict: closed by default, open by choice, and visible.

Prints:
    closed: APIConnectionError
    open: the answer to Good morning
    unjudged: input, output
    RateLimitedError would have said when to come back; this was: UnprocessableError
"""

from vigil_stream import APIStatusError, Check, RateLimitedError, Vigil, VigilError

NOWHERE = "http://127.0.0.1:9"
unjudged: list[str] = []


def note(check: Check) -> None:
    """Count these: texts that went on unjudged are worth an alarm."""
    if check.failed_open:
        unjudged.append(check.direction)


with Vigil(NOWHERE, max_retries=1, retry_budget=2.0) as away:

    @away.guard
    def closed(prompt: str) -> str:
        """Raises when Vigil cannot be asked."""
        return f"the answer to {prompt}"

    @away.guard(fail_mode="open", on_check=note)
    def opened(prompt: str) -> str:
        """Goes on when Vigil cannot be asked."""
        return f"the answer to {prompt}"

    try:
        closed("Good morning")
    except VigilError as error:
        print(f"closed: {type(error).__name__}")
    print(f"open: {opened('Good morning')}")
    print(f"unjudged: {', '.join(unjudged)}")

with Vigil() as vigil:
    try:
        vigil.with_options(timeout=5.0, max_retries=0).guard_input("")
    except RateLimitedError as error:
        print(f"come back in {error.retry_after} s")
    except APIStatusError as error:
        print(f"RateLimitedError would have said when to come back; this was: {type(error).__name__}")
