"""Encoders made of statistics of poses over time, and linear maps of them."""
