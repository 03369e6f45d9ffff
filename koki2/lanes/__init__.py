"""lanes: `vmap` whose batch axes come last, for code written for one item.

Thousands of small lives are fast on a CPU when the lanes (genomes, episodes) lie on
the minor axes, so that one instruction serves many lives; `vmap` puts them first, as
soon as a loop or a branch is met. Start at `over_lanes`; an item's code may use the
two hints, `any_lane` and `lane_form`. May import: nothing of koki2.
"""

from koki2.lanes.hints import any_lane as any_lane, lane_form as lane_form
from koki2.lanes.transform import over_lanes as over_lanes
