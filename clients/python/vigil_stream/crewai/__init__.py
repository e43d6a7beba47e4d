"""Vigil in CrewAI: a task guardrail, hooks around model and tool calls, and tools that are read before the agent does.

Needs `vigil-stream-client[crewai]`.
"""

from vigil_stream.crewai.guardrail import vigil_guardrail
from vigil_stream.crewai.hooks import VigilHooks
from vigil_stream.crewai.tools import guarded_tool

__all__ = ["VigilHooks", "guarded_tool", "vigil_guardrail"]
