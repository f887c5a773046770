"""Everything that talks to Kubernetes besides kopf's watches."""
