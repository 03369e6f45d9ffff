"""Lets the site read our docstrings as they are written; see mkdocs.yml.

mkdocstrings reads the code by griffe, which calls the section `Example:` `Examples:`,
and does not see that a comment behind a field describes it.
"""

import re

import griffe


class OurDocstrings(griffe.Extension):
    """Renames the section, and makes a docstring of the comment."""

    def on_object(self, *, obj: griffe.Object, **kwargs: object) -> None:
        """Is called with every object once its members are known."""
        if obj.docstring is not None:
            value = obj.docstring.value
            renamed = re.sub(r"^(\s*)Example:$", r"\1Examples:", value, flags=re.M)
            obj.docstring.value = renamed
        elif obj.is_attribute and obj.parent is not None and obj.parent.is_class:
            comment = re.search(r"  # (.+)$", obj.lines[-1] if obj.lines else "")
            if comment is not None:
                obj.docstring = griffe.Docstring(comment[1], parent=obj)
