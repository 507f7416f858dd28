"""`foreshock demo`: a real recording through a real worker on an embedded broker."""
