"""The version of the client. It works with servers one minor version older or newer."""

__version__ = "0.1.0"
