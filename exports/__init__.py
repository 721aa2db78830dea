"""Exports: what Teppan knows, as files that open everywhere."""
