"""A first mapping for a file, proposed by looking at it, with its doubts marked.

Names say what a column may be, contents say what it cannot be; what neither settles stands as ``# doubt:``
above the line it concerns. Contents are judged by a sample spread over the file, keys and blanks by all rows.
"""

from clvlab.records.proposing.proposal import propose

__all__ = ["propose"]
