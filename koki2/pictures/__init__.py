"""pictures: arrays to figures and films, in one look that the colour-blind can read.

May import: `core` modules without JAX. Used by the edge (`cli`, experiments) alone.
Takes plain numbers, never runs, configs or worlds, and never touches pyplot, a
display, or matplotlib's global settings. The door is lazy: matplotlib loads when
something is drawn. Start at `figure` and `save`, or at `fitness_figure` and
`archive_figure`.

    with pictures.house():
        figure = pictures.figure(6, 4)
        axes = figure.add_subplot()
        pictures.line_with_band(axes, x, median, q25, q75, color=pictures.BLUE)
        pictures.save(figure, "fitness.png")
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
