"""The ablation's variants run the same episodes, each by a program of its own."""

import pytest
import tiny
from bits import assert_same_bits

from koki2.core.keys import episode_keys
from koki2.lanes.rules import RULES
from tools.bench.lanes_variants import counts, lowered, VARIANTS

UNOPTIMISED = {"xla_backend_optimization_level": 0}  # no bits are promised here


@pytest.mark.slow
def test_variants_count_the_same_and_leave_the_rules_as_they_were():
    before = dict(RULES)
    config = tiny.config(tiny.DEPLETING, tiny.PLASTIC | {"modulator_kind": "event"})
    parts, params = tiny.population(config, 8)
    arguments = episode_keys(5, 2), params
    programs, results = {}, []
    for variant in VARIANTS:
        program = lowered(variant, parts.episode, arguments)
        programs.setdefault(program.as_text(), program)
    assert len(programs) == 7, "flags alone tell two of the nine from another one"
    for program in programs.values():
        results.append(counts(program.compile(UNOPTIMISED)(*arguments)))
    for result in results[1:]:
        assert_same_bits(result, results[0])
    assert before == RULES
