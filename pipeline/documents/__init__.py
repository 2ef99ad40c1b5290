"""The report as documents that a person hands on: Markdown, Word and PDF.

`content.document` says what stands in them, once; markdown.py and word.py say how it is written,
printing.py has a page printed. The words for figures, offers and tags are those of the page.
"""
