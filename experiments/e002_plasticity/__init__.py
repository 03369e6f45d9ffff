"""E002: does learning within a life help, and where?"""
