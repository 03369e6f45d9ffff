"""cli: the command line, one module per command. May import: everything.

`main` finds the command in `commands`, turns flags, file and preset into its `Options`
(`flags`, `settings`), prepares JAX (`startup`), and calls its `run`. Nothing here
imports JAX before a command runs, so `--help` and a mistyped flag answer at once.
Start at `dispatch`; a new command is a module with `Options` and `run`, and a line in
`commands`.
"""

from koki2.cli.dispatch import main as main
