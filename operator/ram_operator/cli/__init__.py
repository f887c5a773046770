"""`kubectl ram`: what waits for an approval, what it would mean, and the answer to it.

Runs on people's machines with their own kubeconfig. It has no right of its own and decides nothing:
the API server says who may approve, and the operator what an approval opens.
"""
