"""`python -m koki2 ...` is `koki2 ...`."""

import sys

from koki2.cli import main

if __name__ == "__main__":
    sys.exit(main())
