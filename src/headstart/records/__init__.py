"""What is written and read again: frozen, typed records, one codec, and files of columns."""
