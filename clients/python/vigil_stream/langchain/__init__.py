"""Vigil in LangChain: a middleware for agents, and a Runnable for chains. Needs `vigil-stream-client[langchain]`."""

from vigil_stream.langchain.middleware import VigilMiddleware
from vigil_stream.langchain.runnable import VigilRunnable

__all__ = ["VigilMiddleware", "VigilRunnable"]
