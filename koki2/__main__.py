"""`python -m koki2 ...` is `koki2 ...`."""

import sys

if __name__ == "__main__":
    import os

    # Python puts the working directory first: its modules are not koki2's to import.
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) != here:
        del sys.path[0]
    from koki2.cli import main

    sys.exit(main())
