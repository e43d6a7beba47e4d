"""Branch A over HTTP: HEURISTICS_URL, `vigil serve heuristics`."""
