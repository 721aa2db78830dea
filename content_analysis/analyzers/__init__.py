"""Pure analyses of texts: no framework, no database, the same result for the same texts."""
