"""One recognizer, one file. `app.pii.engine.recognizers` lists those that run."""
