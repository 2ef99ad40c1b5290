"""The page: a report as one HTML file that needs nothing else.

Names and transcripts are hostile input: Jinja escapes every value, charts take them as data,
and the page's own policy lets no other script, style or address in.
"""

from pipeline.stages.page.render import PageConfig, run

__all__ = ["PageConfig", "run"]
