"""The one exception for input that cannot be used."""


class Refused(Exception):
    """Input that cannot be used.

    The message is one sentence for the person who gave the input: what is wrong, where, and what to do.
    The command line prints it and exits with 2; a notebook shows it as it is.

    Examples
    --------
    >>> raise Refused("shipments.csv is empty; export it again with its header and rows.")
    Traceback (most recent call last):
    ...
    clvlab.refusal.Refused: shipments.csv is empty; export it again with its header and rows.
    """
