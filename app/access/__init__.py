"""Who may ask for what: API keys, their owners and their scopes."""
