"""One file per worker. A handler takes a message, calls pure functions and hands on the next message."""
