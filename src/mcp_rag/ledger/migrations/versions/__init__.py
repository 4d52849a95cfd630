"""One module a schema version, in order; a published one is never edited."""
