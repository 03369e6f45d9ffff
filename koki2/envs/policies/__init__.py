"""What each world asks for, done by script and by the senses alone."""
