"""The roles of the database: what a program takes on as soon as it is connected. None of them owns a table.

``migrations`` gives each its rights and, row by row, its sight (decision 0029).
"""

from typing import Final

APP: Final = "registry_app"
"""Serves requests: sees the records that its transaction opened, and what belongs to the body for which it acts."""
SEQUENCER: Final = "registry_sequencer"
"""Stamps what is committed and gives entries of the log their place; it opens neither."""
RECONCILER: Final = "registry_reconciler"
"""Holds the two sources of every record against each other, and writes how they stand."""
EX_OFFICIO: Final = "registry_ex_officio"
"""Acts on records without being asked (職権): changed areas, presumed departures, questions to others."""
KEEPER: Final = "registry_keeper"
"""Rotates and destroys keys, changes the search keys, shreds records."""
AUDITOR: Final = "registry_auditor"
"""Reads the log of disclosures, all of it, and nothing else."""

ALL: Final = (APP, SEQUENCER, RECONCILER, EX_OFFICIO, KEEPER, AUDITOR)

RESOLVER: Final = "registry_resolver"
"""Owns the functions of the database that find people. No program takes it on."""
