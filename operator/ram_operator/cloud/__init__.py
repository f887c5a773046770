"""Everything that talks to Alibaba Cloud, and the only package that knows its SDK."""
