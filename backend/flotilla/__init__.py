"""Flotilla: a self-hosted platform that trades the bots a person defines in a browser.

Read `flotilla.domain` first: it is the map of everything else.
"""

__version__ = "0.1.0"
