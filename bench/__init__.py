"""What Vigil costs: one measurement a file, `python -m bench NAME`. None of them runs with the tests."""
