"""How a notice travels: a channel is a file with its parameters, a pure `render` and an async `send`."""
