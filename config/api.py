"""The HTTP face shared by all applications: authentication, errors, parsing, throttles."""
