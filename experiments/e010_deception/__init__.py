"""E007: does avoidance by cue emerge, and does it hang on modulation?"""
