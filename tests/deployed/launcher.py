"""Starts MiniStack: python launcher.py <folder> <port of the receiver>|--unchanged.

It runs in the emulator's own environment.
"""

import sys
from pathlib import Path

from ministack import app


def main() -> None:
    folder = Path(sys.argv[1])
    if "--unchanged" not in sys.argv:
        # Found beside this file: Python puts the folder of a script first on its path.
        import ministack_workarounds

        ministack_workarounds.apply(folder, int(sys.argv[2]))
    # The emulator parses the remaining arguments.
    sys.argv = sys.argv[:1]
    app.main()


if __name__ == "__main__":
    main()
