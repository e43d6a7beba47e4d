"""Branch C over HTTP: LLM_GUARD_URL, `vigil serve classifier`."""
