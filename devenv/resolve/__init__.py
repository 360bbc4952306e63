"""Resolution: which version of a package, and which file for each system, answers a request. Pure: indexes come in."""
