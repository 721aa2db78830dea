"""Tells other systems what happened: signed requests, repeated until one arrives, all recorded."""
