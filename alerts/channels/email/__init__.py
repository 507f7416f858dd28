"""Notices to clients by e-mail: text and HTML from one source, one thread per episode."""
