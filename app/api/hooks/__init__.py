"""Hooks that other services call before and after a model."""
