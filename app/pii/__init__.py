"""Personal data: found, resolved, redacted. Pure: no broker, no HTTP."""
