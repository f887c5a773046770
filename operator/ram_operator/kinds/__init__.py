"""The managed kinds: what a row is, one row for each kind, and what manifests say."""
