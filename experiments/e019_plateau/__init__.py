"""E019: what gets evolution past the plateau of greedy?"""
