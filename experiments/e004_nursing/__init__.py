"""E004: how much nursing is best?"""
