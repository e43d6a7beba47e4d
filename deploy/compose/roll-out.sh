#!/bin/sh
# roll-out.sh [SERVICE ...]: brings a new image, or a changed setting, into a running `full` deployment. Readers before
# writers, so that nobody gets a message that is newer than itself; new containers run before the old ones stop, so that
# no verdict is lost. The API alone has a port of the host and is away for the seconds that it takes to start again.
# To go back, name the services the other way round:
#   VIGIL_IMAGE=vigil:0.1.0 deploy/compose/roll-out.sh api arbiter detection pii logging
set -eu
here=$(dirname "$0")
[ $# -gt 0 ] || set -- logging pii detection arbiter api
compose() { docker compose -f "$here/compose.yaml" --env-file "${ENV_FILE:-$here/full.env}" "$@"; }
compose run --rm --no-deps provision
for service in "$@"; do
    old=$(compose ps --quiet "$service")
    # None to wait for, when all of them have ended.
    if [ "$service" = api ] || [ -z "$old" ]; then
        compose up --detach --no-deps --wait "$service"
        continue
    fi
    count=$(echo "$old" | wc -l)
    compose up --detach --no-deps --no-recreate --wait --scale "$service=$((2 * count))" "$service"
    # shellcheck disable=SC2086 - one word for each
    docker stop $old && docker rm $old
done
