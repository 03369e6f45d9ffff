"""edge_sum: what each neuron of a fixed wiring receives."""

from koki2.kernels.edge_sum.reference import edge_sum as edge_sum
