"""Pure readers of recorded or live answers: bytes in, values out, no network."""
