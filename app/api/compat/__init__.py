"""Contracts of the predecessor, so that its clients work with this service by another address."""
