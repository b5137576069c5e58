"""The index on disk: immutable shards, manifests that combine them into versions, snapshots that read a version."""
