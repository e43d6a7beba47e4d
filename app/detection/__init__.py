"""The three detection branches and their fusion. Pure: no broker, no HTTP, no network."""
