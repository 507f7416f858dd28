"""The pages behind the links in letters to clients. Only `server` knows Kafka."""
