"""Jobs: texts that nobody waits for, their results, and the webhooks that are told."""
