"""Transcripts that people bring: turns out of JSON lines, plain text, subtitles, tables, reports.

lines.py holds the records and what every format shares, formats.py reads each of them.
"""
