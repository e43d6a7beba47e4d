"""The decision: from branch scores to a verdict. Pure: no broker, no HTTP."""
