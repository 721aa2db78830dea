"""One module per source; none knows another."""
