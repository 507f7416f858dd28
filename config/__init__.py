"""The one configuration file: validated as a whole, frozen, secrets only by reference."""
