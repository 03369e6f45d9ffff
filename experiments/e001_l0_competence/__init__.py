"""E001: is evolution competent at L0.2, and what does the success bonus do?"""
