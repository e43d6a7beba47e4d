"""What every message has in common."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A frozen message. Unknown fields are ignored, so that mixed versions understand each other."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
