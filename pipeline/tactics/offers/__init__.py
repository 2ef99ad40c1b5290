"""The offer ledger: which numbers and terms were put on the table, by whom, and what came of it.

In the order a call goes through them: amounts.py (numbers, units, ranges), issues.py (terms
without numbers, and what each thing belongs to), moves.py (which of them are proposals, answers
or mere mention), ledger.py (anchors, counters, concessions), document.py (what was agreed, and all
of it as plain data), tactics.py (the tags that follow from it).
"""
