"""The rules: pure functions of state, input and now to a decision with its reason."""
