"""Lets the site show the section `Example:` of a docstring as code.

mkdocstrings reads our docstrings by griffe, which calls that section `Examples:`.
"""

import re

import griffe


class Examples(griffe.Extension):
    """Renames the section before the docstring is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: object) -> None:
        """Is called with every object once its members are known."""
        if obj.docstring is not None:
            value = obj.docstring.value
            renamed = re.sub(r"^(\s*)Example:$", r"\1Examples:", value, flags=re.M)
            obj.docstring.value = renamed
