"""bursts: a command on a rented GPU, which is given back whatever happens.

May import `runlog` and `core`, and httpx. Imports no JAX. Start at `burst` (from the
request for a pod to its end), `planning` (the steps) and `teardown`; `reaping` finds
what a killed process left. docs/bursts.md says what is promised.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
