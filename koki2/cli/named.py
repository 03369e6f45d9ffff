"""Flags that name again the objects from outside koki2 that a run needs."""

import dataclasses

from koki2.session.objects import ROLES, Texts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Named:
    """Objects of the run, where they are from outside koki2 (FILE.py:NAME)."""

    world: str | None = None
    """The run's world, FILE.py:NAME, where it is not one of koki2."""
    agent: str | None = None
    """The run's family of agents, likewise."""
    encoding: str | None = None
    """The run's encoding of genomes, likewise."""
    strategy: str | None = None
    """The run's search strategy, likewise."""
    emitter: str | None = None
    """The run's emitter, likewise."""
    descriptors: tuple[str, ...] = ()
    """The run's descriptors, likewise."""

    @property
    def given(self) -> dict[str, Texts]:
        """By role."""
        return {name: getattr(self, role.flag) for name, role in ROLES.items()}
