"""The course's own networks, one module a family, each readable beside its paper."""
