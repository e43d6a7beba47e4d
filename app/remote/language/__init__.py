"""The language of a text over HTTP: LANGUAGE_DETECTOR_URL, `vigil serve language`."""
