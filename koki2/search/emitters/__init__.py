"""emitters: what MAP-Elites tries next. Start at `base.Emitter`.

`make(EmitterConfig(...), num_dims)` is the door; `register_emitter` adds one, which
`contracts.emitter` checks. What imports JAX is exported lazily, so that configs can
check a name without it.
"""

import lazy_loader

from koki2.search.emitters.catalogue import (
    EmitterEntry as EmitterEntry,
    EMITTERS as EMITTERS,
    register_emitter as register_emitter,
)

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
