"""E003: does a genome that develops scale further than a direct one?"""
