"""What `koki2.pictures` exports: for its door, type checkers and editors."""

from .archive import (
    archive_map as archive_map,
    archive_steps as archive_steps,
    colour_bar as colour_bar,
)
from .bars import bars as bars
from .cells import Elites as Elites, Space as Space
from .curves import across_runs as across_runs, line_with_band as line_with_band
from .film import life_film as life_film
from .fitness import fitness_figure as fitness_figure
from .gif import save_gif as save_gif
from .illumination import archive_figure as archive_figure
from .labels import label_ends as label_ends, short_names as short_names
from .life import life_facts as life_facts
from .look import (
    BLUE as BLUE,
    figure as figure,
    GREEN as GREEN,
    GREY as GREY,
    house as house,
    INK as INK,
    ORANGE as ORANGE,
    PINK as PINK,
    role_color as role_color,
    SKY as SKY,
    VERMILLION as VERMILLION,
)
from .saving import FORMATS as FORMATS, save as save
from .sweep import sweep_figure as sweep_figure
from .training import training_figure as training_figure
