"""Branch B over HTTP: SEMANTIC_URL, `vigil serve semantic`."""
