"""Personal data over HTTP: PRESIDIO_URL, `vigil serve pii`."""
