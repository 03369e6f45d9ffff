"""lanes: `vmap` whose batch axes come last, for code written for one item.

Thousands of small episodes are fast on a CPU when the lanes (genomes, episodes) lie on
the minor axes, so that one instruction serves many of them; `vmap` puts them first as
soon as it meets a loop or a branch. Start at `over_lanes`; an item's code may use two
hints, `any_lane` and `lane_form`; a lane form may use `unstack`. `docs/lanes.md`
explains all of it on one page. May import: core.
"""

from koki2.lanes.hints import any_lane as any_lane, lane_form as lane_form
from koki2.lanes.reductions import unstack as unstack
from koki2.lanes.transform import over_lanes as over_lanes
