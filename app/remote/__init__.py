"""Engines over HTTP, under the contracts of Vigil Guard 2's services, so that theirs work unchanged and ours stand in.

A folder an engine: `contract` holds the shapes, `client` asks such a service, `server` answers as one.
"""
