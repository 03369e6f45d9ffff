"""reports: plain values out of run folders, for tables, pages and other software.

    metrics    means of what episodes were like
    statistics intervals, p values, Holm's correction, effect sizes: of the house
    heldout    unseen episodes of genomes and a baseline, kept and read back
    probe      whether an agent is competent, and which senses it uses
    series     columns of rows, checked
    lineage    who descends from whom
    exchange   archives as tables and back; `pyribs` says what pyribs makes of them
    behaviour  whether a behaviour space is worth anything

May import every room below. Nothing here prints or draws.
"""
