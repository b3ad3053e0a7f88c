"""Adapters: what gateways and collectors write, as usage events.

An adapter is a module with the name of its format, a test of a document's shape, a split of a document into those
that each describe one request, and a table of how each field of the usage event is read from such a document. No
adapter guesses: what a format does not say is unknown. A session, for one, is no conversation: many may begin in it.
"""

from streams.adapters.adapt import Adapted, Adapters

__all__ = ["Adapted", "Adapters"]
