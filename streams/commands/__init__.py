"""The subcommands of `foreshock`, one file each."""
