"""The ground: errors, checks, durable files, random streams, threads, progress, plain shared types."""
