"""Query -> candidates -> aligned matches -> hits."""
