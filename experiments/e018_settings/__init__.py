"""E018: which settings, and which form of the senses, climb the ladder?"""
