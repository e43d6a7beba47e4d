"""Training of the shipped artefacts: `python -m app.detection.training.train`. Never imported at run time."""
