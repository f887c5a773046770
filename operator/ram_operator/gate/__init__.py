"""Every change that people have to agree on is judged here. Pure; `review` is the door."""
