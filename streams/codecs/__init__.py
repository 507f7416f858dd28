"""Wire formats: bytes to values or a DecodeError. One format, one file."""
