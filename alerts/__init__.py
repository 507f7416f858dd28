"""From anomaly to delivered message. May import domain and pydantic; policy is pure, channels do the I/O."""
