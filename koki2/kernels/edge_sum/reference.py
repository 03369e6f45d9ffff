"""edge_sum as anyone would write it: gather, multiply, scatter-add."""


def edge_sum(base, weights, activity, source, target):
    """See the door. The scatter adds in the order of the synapses."""
    heard = activity.at[source].get(mode="promise_in_bounds")
    return base.at[target].add(weights * heard, mode="promise_in_bounds")
