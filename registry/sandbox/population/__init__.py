"""仮想の在外邦人 — invented lives abroad, seeded, and what the ledgers and the missions' reports say of them.

Read ``rates`` for what may go wrong and how often, ``lives`` for the truth, ``removed_records`` and
``residence_reports`` for the two views of it, ``writing`` for the files. README.md says where the tables come from.
"""
