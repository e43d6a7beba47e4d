"""A guard in front of a model server that speaks OpenAI's chat/completions."""
