"""The policies that this process holds to, by client."""

import logging
from collections.abc import Mapping

from pydantic import ValidationError

from app.access.policy_document import PolicyDocument, StoredPolicy
from app.access.policy_store import DEFAULT
from app.errors import PipelineUnavailable
from app.runtime.bucket import Entry

log = logging.getLogger("vigil.access")

BUILT_IN = PolicyDocument()


class PolicyBook:
    """Looks policies up. One that this version cannot read leaves the one before it in force; where there is none, the
    client's requests are refused: its policy may be a strict one.
    """

    def __init__(self) -> None:
        self._policies: dict[str, PolicyDocument] = {}
        self._unreadable: set[str] = set()
        self.loaded = False

    def of(self, client_id: str) -> PolicyDocument:
        """The client's policy, else that of `default`, else the built-in one.

        Raises:
            PipelineUnavailable: policies have not been read yet, or this one cannot be.
        """
        if not self.loaded:
            raise PipelineUnavailable("the policies have not been read yet")
        for name in (client_id, DEFAULT):
            if policy := self._policies.get(name):
                return policy
            if name in self._unreadable:
                raise PipelineUnavailable(f"the policy of {name} cannot be read by this version")
        return BUILT_IN

    def load(self, entries: Mapping[str, Entry]) -> None:
        """Take over what is stored, by client."""
        policies, unreadable = {}, set()
        for client_id, entry in entries.items():
            try:
                policies[client_id] = StoredPolicy.model_validate_json(entry.value).document()
            except ValidationError:
                log.error("the policy of %s cannot be read by this version: the one before stays", client_id)
                unreadable.add(client_id)
                if before := self._policies.get(client_id):
                    policies[client_id] = before
        self._policies, self._unreadable, self.loaded = policies, unreadable, True
