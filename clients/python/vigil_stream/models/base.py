"""What everything that a server answers has in common."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """A frozen answer. Fields that a newer server adds are ignored; those that an older one lacks have defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore")
