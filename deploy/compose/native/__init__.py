"""The processes of compose.yaml without containers, on one machine: `make cluster`.

Commands, environments, replicas, mounted files and secrets are those of the compose file, the environment of the image
is that of the Containerfile. Three things are put in their place: a service's name by an address of the loopback
interface (each container has one of its own, so that every port is what it is in a container), a container's path by a
folder, and ClickHouse's own program by the same engine out of its wheel.
"""
