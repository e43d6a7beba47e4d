"""A child process that ends with its parent, however the parent ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent(with_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `with_signal` when its parent dies, also by `kill -9`.

    Linux sends the signal when the *thread* that started the child ends: start children from the main thread,
    or from one that lives as long as they do. On other systems there is no such signal and the function does
    nothing.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: after it, only async-signal-safe work
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl, so no signal will come
            os._exit(1)

    return in_child
