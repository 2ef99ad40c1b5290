"""How right the results are: pure scoring of hypotheses against references.

Nothing here runs a model or chooses a path. A reference says what was really said and when, a
hypothesis what was found; both become records at the edge, are compared by the field's own
tools, and end as figures with intervals.
"""
