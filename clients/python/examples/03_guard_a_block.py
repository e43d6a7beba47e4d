"""The same as a block, for a model call that is no function of its own, or whose answer is more than a text.

Prints:
    The model reads: Good morning
    The user reads: Call [PHONE_NUMBER_1]
    Judged both times: True
"""

from dataclasses import dataclass

from vigil_stream import Vigil


@dataclass
class Completion:
    """What your model's library returns."""

    content: str
    tokens: int


with Vigil() as vigil:
    with vigil.guarded("Good morning", mode="fast") as turn:
        print(f"The model reads: {turn.prompt}")
        completion = Completion("Call +48 601 234 567", tokens=9)
        turn.answer = completion.content
    print(f"The user reads: {turn.answer}")
    print(f"Judged both times: {not turn.failed_open}")
