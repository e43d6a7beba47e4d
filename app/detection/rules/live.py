"""A user's rules that follow their files: read again when one changes, kept as they were when the new ones are bad."""

import logging
from pathlib import Path
from threading import Lock
from time import monotonic

from app.detection.rules import RuleError, RuleSet

log = logging.getLogger("vigil.rules")

# The folder is looked at this often, by whoever judges a text then.
INTERVAL_S = 2.0


class LiveRules:
    """The built-in rules and those of a folder. Thread-safe.

    Raises:
        RuleError: the files cannot be used, at the start; later, that is logged and the old rules stay.
    """

    def __init__(self, folder: Path, interval_s: float = INTERVAL_S) -> None:
        if not folder.is_dir():
            raise RuleError(f"{folder}: it is no folder; put the *.yaml files into one")
        self._folder = folder
        self._interval_s = interval_s
        self._seen = self._stamp()
        self._rules = _tested(folder)
        self._next = monotonic() + interval_s
        self._lock = Lock()

    @property
    def current(self) -> RuleSet:
        """The rules as of now."""
        if monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._rules

    def _refresh(self) -> None:
        self._next = monotonic() + self._interval_s
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._rules = _tested(self._folder)
        except RuleError as error:
            log.error("rules of %s not taken, the ones before stay: %s", self._folder, error)
        else:
            log.info("rules of %s read again: %d rules in all", self._folder, len(self._rules.rules))

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        try:
            found = [(path, path.stat()) for path in sorted(self._folder.glob("*.yaml"))]
        except OSError:  # a file went away between the two looks: the next one tells
            return ()
        return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _tested(folder: Path) -> RuleSet:
    rules = RuleSet.load(folder)
    rules.test()
    return rules
