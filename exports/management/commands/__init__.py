"""Commands of exports."""
