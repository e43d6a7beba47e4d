"""Rate limits: several windows for each key, counted together by all API processes."""
