"""A message that only checks the way to a channel, and is never to be taken for a warning."""

TRIAL = (
    ":white_circle: *Test message.* Foreshock reaches this channel. It says nothing about the state of any service; "
    "there is nothing to do."
)
