"""Generated bodies whose truth is known: people, animals and things on rigs of many tools, as text of BVH files."""
