"""Network layers that the learned encoders share."""
