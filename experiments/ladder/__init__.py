"""The ladder: what evolves in every level, at its own settings, on seeds never used."""
