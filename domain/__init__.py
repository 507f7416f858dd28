"""The vocabulary: frozen types for the words of the product.

May import the standard library only. No I/O, no clock, no chance, no logging.

Times are floats: seconds since the Unix epoch, UTC, named ``..._at``; durations are floats in seconds, named ``..._s``.
One form on the wire, in memory and in arithmetic; they become calendar dates only where a person reads them.
"""
