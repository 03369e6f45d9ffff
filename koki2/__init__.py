"""koki2: a JAX laboratory for neuroevolution in which every run replays bit for bit.

    import koki2
    program = koki2.build(koki2.EvolutionConfig(), seed=0)
    run = koki2.run(program, out="runs/first")
    print(koki2.evaluate(run, episodes=512, seed=1))

The door is lazy: importing koki2 costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
