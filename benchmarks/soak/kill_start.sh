#!/usr/bin/env bash
# A server killed (SIGKILL) at random points of its first start, on a new database each time; then a start that must work. Counts at how many of
# the kills the database had no schema yet, a part of the scripts, or all of them.
# Usage: benchmarks/soak/kill_start.sh [kills=40]; writes benchmarks/soak/kill_start.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-40}
log=$PWD/benchmarks/soak/kill_start.log
bin=$(pg_config --bindir 2>/dev/null || ls -d /usr/lib/postgresql/*/bin | tail -1)
dotnet build -c Release src/EventService.Server >/dev/null
work=$(mktemp -d)
chmod 755 "$work"
cp -r artifacts/bin/EventService.Server/release "$work/server"
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
install -d "$work/pg"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; fi
finish() {
    as "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
as "$bin/initdb" -D "$work/pg/data" -U postgres -A trust -E UTF8 >/dev/null
as "$bin/pg_ctl" -D "$work/pg/data" -w -o "-k $work/pg -c listen_addresses=" -l "$work/pg/log" start >/dev/null

# start DATABASE FOLDER: a server in the background; its process is in $!.
start() {
    local connection=
    if [ "$1" = postgres ]; then connection="Host=$work/pg;Username=postgres;Database=$3"; fi
    EVENTSERVICE__REGISTRYCONNECTIONSTRING=$connection EVENTSERVICE__DATAFOLDER=$2 EVENTSERVICE__PORT=18086 dotnet "$work/server/EventService.Server.dll" >"$2.log" 2>&1 &
}

scripts() {
    if [ "$1" = postgres ]; then
        as "$bin/psql" -h "$work/pg" -U postgres -d "$3" -qAtc 'select count(*) from schema_migration' 2>/dev/null || echo 0
    else
        # On a copy: reading recovers a file that was cut off, and that is left to the next start.
        rm -rf "$work/copy"
        cp -r "$2" "$work/copy"
        python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("select count(*) from schema_migration").fetchone()[0])' "$work/copy/registry.sqlite" 2>/dev/null || echo 0
    fi
}

ready() {
    for _ in $(seq 300); do
        if curl -sf localhost:18086/health/ready >/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

echo "\$ benchmarks/soak/kill_start.sh $kills   ($(date -u +%F), $(nproc) processors)" | tee "$log"
for database in sqlite postgres; do
    declare -A seen=()
    for k in $(seq "$kills"); do
        name=soak$k
        if [ "$database" = postgres ]; then as "$bin/createdb" -h "$work/pg" -U postgres "$name"; fi
        folder=$work/$database$k
        mkdir "$folder"
        # How long a start takes to its database is for the machine to say: the delay follows what the last kill met, in ever smaller steps.
        delay=${delay:-700}
        step=${step:-400}
        start "$database" "$folder" "$name"
        server=$!
        sleep "$(awk -v d="$((delay + RANDOM % 60 - 30))" 'BEGIN {print d / 1000}')"
        kill -9 "$server"
        wait "$server" 2>/dev/null || true
        found=$(scripts "$database" "$folder" "$name")
        seen[$found]=$((${seen[$found]:-0} + 1))
        if [ "$found" = 0 ]; then delay=$((delay + step)); else delay=$((delay > step ? delay - step : delay / 2)); fi
        step=$((step > 30 ? step * 2 / 3 : 20))
        start "$database" "$folder" "$name"
        server=$!
        if ! ready; then
            echo "$database, kill $k after $found scripts: the next start does not become ready" | tee -a "$log"
            tail -20 "$folder.log"
            exit 1
        fi
        whole=$(scripts "$database" "$folder" "$name")
        served=$(curl -s -X POST 'localhost:18086/generate?process=ttbar&n=5&seed=1' | sha256sum | cut -c1-8)
        kill "$server"
        wait "$server" 2>/dev/null || true
        expected=${expected:-$served}
        if [ "$served" != "$expected" ]; then echo "$database, kill $k: other events" | tee -a "$log"; exit 1; fi
    done
    for found in "${!seen[@]}"; do echo "$database: ${seen[$found]} of $kills kills met $found of $whole scripts applied"; done | sort | tee -a "$log"
    echo "$database: every next start became ready with $whole scripts and served the same events" | tee -a "$log"
    unset seen delay step
done
