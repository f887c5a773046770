"""The quotas of an account: the only place that names them, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping

# Names as in the admin API. Figures: the limits page of RAM and its flow-control table.
QUOTAS: Mapping[str, int] = {
    "users": 5000,
    "groups": 300,
    "groupsPerUser": 10,
    "accessKeysPerUser": 2,
    "accountAccessKeys": 5,
    "mfaDevices": 5000,
    "roles": 1000,
    "policies": 1500,
    "policyVersions": 5,
    "policyBytes": 6144,
    "systemPoliciesPerPrincipal": 20,
    "customPoliciesPerPrincipal": 10,
    "tagsPerResource": 20,
    "oidcProviders": 100,
    "samlProviders": 100,
    "clientIdsPerProvider": 50,
    "fingerprintsPerProvider": 5,
    "ipItemsPerKeyPolicy": 50,
    "conditionsPerKeyPolicy": 8,
    "authorizedClientsPerUser": 10,
    "serviceCredentialsPerUserAndService": 2,
    "readsPerSecond": 100,
    "writesPerSecond": 20,
    "attachmentsPerSecond": 10,
    "lookupsPerSecond": 2,
}


def apply_quotas(current: Mapping[str, int], change: Mapping[str, object]) -> dict[str, int]:
    """The quotas after a change; ValueError for unknown names and non-integers."""
    result = dict(current)
    for name, value in change.items():
        if name not in QUOTAS:
            raise ValueError(f"unknown quota {name!r}; known: {', '.join(sorted(QUOTAS))}")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"quota {name} must be a whole number, not {value!r}")
        result[name] = value
    return result
