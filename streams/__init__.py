"""Glue: the only package that knows Kafka and Faust. Nothing happens at import."""
