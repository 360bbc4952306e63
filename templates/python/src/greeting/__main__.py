"""`python -m greeting [NAME]`."""

import sys

from greeting import greet

USUAL_NAME = "@NAME@"


def main() -> None:
    """Greet whoever the command line names."""
    print(greet(sys.argv[1] if len(sys.argv) > 1 else USUAL_NAME))


if __name__ == "__main__":
    main()
