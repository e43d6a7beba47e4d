"""How well the engine finds personal data: labelled texts of our own, scores by type, language and length."""
