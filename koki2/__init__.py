"""koki2: a JAX laboratory for neuroevolution in which every run replays bit for bit."""
