"""koki2."""
