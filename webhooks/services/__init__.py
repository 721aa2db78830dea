"""What changes endpoints and deliveries."""
