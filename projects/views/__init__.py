"""HTTP face of accounts and projects."""
