"""The rules: values in, a value or a refusal out. No I/O, no clock, no framework.

Read in this order: ``errors`` (how a rule says no), ``dates`` (incomplete dates as values), ``numbers``
(check digits), ``municipality`` and ``mission`` (who keeps what, when), ``basic_four`` (4情報), ``movement``
(異動: what can happen to a record), ``resident`` (statuses), ``timeline`` (movements become versions),
``residence_report`` (在留届) and ``removed_record`` (除票) (how the two sources make movements),
``reconciliation`` (what the two together say), ``area_change`` (whose mission changes when areas are redrawn) and
``disclosure`` (who may be told), ``matching`` (yes or no, and no value), ``ordinance`` and ``four_eyes`` (what two
officials grant while the registry serves).
"""
