"""The page of the worlds: it says what the lives were, and is merged whole."""

import numpy as np

from koki2.envs.registry import find
from koki2.evolution.configs import FitnessConfig
from tools import worlds_page


def lives(**by_policy):
    """Two lives of each policy, by steps alive; who lives long has eaten."""
    made = {}
    for policy in worlds_page.POLICIES:
        alive = np.array(by_policy.get(policy, [10.0, 10.0]))
        energy = 0.5 * (alive > 10)
        made[policy] = {
            "t_alive": alive,
            "energy_gained": energy,
            "success": np.ones(2),
            "integrity_lost": np.zeros(2),
            "fitness": alive + 10 * energy + 50,
        }
    return made


def test_what_separates_policies_adds_up_to_their_difference():
    """31 and 33 steps against 10, half a unit of energy more, worth ten a unit.

    Of 26 and 28 the interval is 27 -+ 12.7, which is t of one degree of freedom; p is
    2 arctan(1 / 27) / pi = .0236, and two such count three times, as there are three.
    """
    text = worlds_page.separates(lives(competent=[31.0, 33.0]), FitnessConfig())
    sure, parts = ", Holm .071 ", "22.0 steps alive"
    assert text.splitlines()[2:] == [
        "- greedy lives as random does.",
        f"- competent - greedy: +27.0 [14.3, 39.7]{sure}(+{parts}, +5.0 energy)",
        f"- oracle - competent: -27.0 [-39.7, -14.3]{sure}(-{parts}, -5.0 energy)",
    ]


def test_a_table_leaves_out_what_no_policy_has():
    head, _, stay, *rest = worlds_page.table(lives())
    assert head == "| policy | mean fitness | steps alive |" and len(rest) == 4
    assert stay == "| stay | 60.00 [60.0, 60.0] | 10.00 |"


def test_sections_made_again_take_the_place_of_the_old_in_the_order_of_the_ladder():
    sections = {"obstacles-l1.2": "## obstacles-l1.2\n\nnew\n"}
    sections["chemotaxis-l0.1"] = "## chemotaxis-l0.1\n\nold\n"
    page = worlds_page.whole(sections)
    assert page.index("old") < page.index("new")
    assert "| [obstacles-l1.2](#obstacles-l12) |" in page
    assert worlds_page.whole(worlds_page.read(page)) == page


def test_a_section_tells_what_the_module_and_the_level_say():
    found = worlds_page.section(find("obstacles-l1.2"), lives(), FitnessConfig())
    assert found.startswith("## obstacles-l1.2\n\n*Walls stand between the agent")
    assert "The gradient points straight at food, and walls stand in the way." in found
    assert "A map of 15x12 cells; 128 steps; to keep up: energy." in found
