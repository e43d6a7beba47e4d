"""Guarding documents of the chat/completions kind: pure but for the judge that is handed in."""
