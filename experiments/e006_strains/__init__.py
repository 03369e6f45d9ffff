"""E006: what do biological constraints cost, and what do they buy?"""
