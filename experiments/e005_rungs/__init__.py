"""E005: how much computation do viability and rungs save, and at what price?"""
