"""What runs the product for a test, and watches it."""
