#!/bin/sh
# node.sh NAME [HOST:PORT ...]: a nats-server of that name; with routes, a node of a cluster. It may name itself.
set -eu
NATS_PASS=$(cat /run/secrets/nats_pass)
export NATS_PASS
name=$1
shift
[ $# -gt 0 ] || exec nats-server --config /etc/nats/node.conf --name "$name"
routes=
# No comma at the end: the empty route would count as a node, and three would not be a majority of four.
for route in "$@"; do routes="$routes${routes:+,}nats-route://route:$NATS_PASS@$route"; done
exec nats-server --config /etc/nats/cluster.conf --name "$name" --routes "$routes"
