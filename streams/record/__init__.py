"""The record: an append-only, hash-chained copy of everything that was decided, and the questions asked of it.

A projection of the topics. The only package that knows SQLAlchemy; `source` and `anchors` are its way to Kafka.
"""
