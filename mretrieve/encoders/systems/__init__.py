"""The learned encoders, one module per published system."""
