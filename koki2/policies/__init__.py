"""policies: scripted ways to act. May import: core. Start at `base.Policy`.

What each world asks for, done by script and by the senses alone (`goals`, `inference`,
`walls`): a world names the one that is competent in it.
"""
