"""policies: scripted ways to act. May import: core. Start at `base.Policy`.

What each world asks for, done by script and by the senses alone (`feeding`, `goals`,
`inference`, `walls`): a world names the one that is competent in it. `blind` holds
those that see nothing, which any agent must beat; `moves` the actions on a map.
"""
