"""koki2 as a process of its own, whose bursts wait as short as those of the tests."""

import sys

from renting import QUICK

from koki2 import bursts
from koki2.bursts import burst
from koki2.cli import main

if __name__ == "__main__":
    burst.Pace = bursts.Pace = lambda: QUICK
    sys.exit(main())
