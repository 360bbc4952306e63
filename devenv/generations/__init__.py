"""Generations: the numbered states of a project's environment, each with the manifest and lock that made it."""
