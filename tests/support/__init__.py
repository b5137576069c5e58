"""What tests of several rooms share: small files, bodies, encoders and indexes, made when they are needed."""
