"""rules: how each operation of an item is carried out on arrays of `item + lanes`.

A rule takes an equation, its operands as `LaneArray`s and the number of lane axes, and
gives `LaneArray`s. `table` names the rule of every primitive; an operation without one
goes through `vmap` (`plain`). Keys are raw words here: a key array of shape `s` is
uint32 of shape `s + [2] + lanes`.
"""

from koki2.lanes.rules.plain import literal as literal
from koki2.lanes.rules.table import apply as apply, RULES as RULES
