"""Every error that Vigil raises on purpose.

VigilError
  ├─ SettingsError          a setting makes no sense; the start stops with this one line
  ├─ StartError             something the process needs is missing or does not come up
  ├─ NotProvisioned         a stream or consumer is missing: `vigil streams apply` creates it
  ├─ RemoteFailed           a remote engine gave no usable answer; the message is tried again
  ├─ PipelineUnavailable    a request could not be handed to the pipeline        -> HTTP 503
  └─ PipelineTimeout        no verdict within the deadline                       -> HTTP 504
"""


class VigilError(Exception):
    """The root. Its message is written for the operator and stands on one line."""


class SettingsError(VigilError):
    """A setting makes no sense."""


class StartError(VigilError):
    """Something the process needs is missing or does not come up."""


class NotProvisioned(StartError):  # noqa: N818 - reads as the state it reports
    """A stream or a consumer does not exist on the server."""


class RemoteFailed(VigilError):  # noqa: N818
    """A remote engine gave no usable answer."""


class PipelineUnavailable(VigilError):  # noqa: N818
    """The pipeline cannot take a request now; `retry_after_s` says when to try again."""

    def __init__(self, reason: str, retry_after_s: int = 2) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class PipelineTimeout(VigilError):  # noqa: N818
    """The pipeline took the request, but no verdict came before the deadline."""
