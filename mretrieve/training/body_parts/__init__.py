"""The training of body part embeddings (Park et al. 2021): generated variations, the whole network, and its losses."""
