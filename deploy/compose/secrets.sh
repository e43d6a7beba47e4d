#!/bin/sh
# Makes the secrets that are missing, in the folder that is named, or beside this file. What is there stays.
# The folder is its owner's alone; the files are readable, because nobody's number reads them in the containers.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
random() { od -An -vtx1 -N32 /dev/urandom | tr -d ' \n'; }
make() {
    [ -e "$folder/$1" ] && return
    printf '%s' "$2" >"$folder/$1.new"
    chmod 444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
    echo "made $folder/$1"
}
# A letter first: nats-server would read digits as a number.
make nats_pass "n$(random)"
make clickhouse_password "$(random)"
make vigil_secret_key "$(random)"
