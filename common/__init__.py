"""Plain building blocks without tables that every application may use."""
