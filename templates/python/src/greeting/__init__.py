"""Says hello."""


def greet(name: str) -> str:
    """The greeting for somebody called `name`."""
    return f"Hello, {name}!"
