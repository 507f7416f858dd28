"""Notices to squads on Slack: one message per episode, edited in place, with what changed in its thread."""
