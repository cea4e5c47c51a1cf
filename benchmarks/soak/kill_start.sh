#!/usr/bin/env bash
# A server killed (SIGKILL) at random points of its first start, from when it comes to its database on, which is a new one each time; then a
# start that must work. Counts at how many of the kills the database had no schema yet, a part of the migrations, or all of them, and of
# SQLite how many left EF's lock behind.
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

migrations() {
    if [ "$1" = postgres ]; then
        as "$bin/psql" -h "$work/pg" -U postgres -d "$3" -qAtc 'select count(*) from "__EFMigrationsHistory"' 2>/dev/null || echo 0
    else
        # On a copy: reading recovers a file that was cut off, and that is left to the next start.
        rm -rf "$work/copy"
        cp -r "$2" "$work/copy"
        python3 - "$work/copy/registry.sqlite" <<'PY'
import sqlite3, sys
def count(table):
    try:
        return sqlite3.connect(sys.argv[1]).execute(f'select count(*) from "{table}"').fetchone()[0]
    except sqlite3.OperationalError:
        return 0
print(f'{count("__EFMigrationsHistory")}{" (and the lock row)" if count("__EFMigrationsLock") else ""}')
PY
    fi
}

# Whether the server has come to its database.
touched() {
    if [ "$1" = postgres ]; then
        [ "$(as "$bin/psql" -h "$work/pg" -U postgres -qAtc "select count(*) from pg_stat_activity where datname = '$3'")" != 0 ]
    else
        [ -e "$2/registry.sqlite" ]
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
        # How long it takes there is for the machine to say: the delay follows what the last kill met, in ever smaller steps.
        delay=${delay:-200}
        step=${step:-200}
        start "$database" "$folder" "$name"
        server=$!
        until touched "$database" "$folder" "$name"; do sleep 0.01; done
        sleep "$(awk -v d="$((delay + RANDOM % 60))" 'BEGIN {print d / 1000}')"
        kill -9 "$server"
        wait "$server" 2>/dev/null || true
        found=$(migrations "$database" "$folder" "$name")
        seen[$found]=$((${seen[$found]:-0} + 1))
        if [ "${found%% *}" = 0 ]; then delay=$((delay + step)); else delay=$((delay > step ? delay - step : delay / 2)); fi
        step=$((step > 30 ? step * 2 / 3 : 20))
        start "$database" "$folder" "$name"
        server=$!
        if ! ready; then
            echo "$database, kill $k after $found migrations: the next start does not become ready" | tee -a "$log"
            tail -20 "$folder.log"
            exit 1
        fi
        whole=$(migrations "$database" "$folder" "$name")
        served=$(curl -s -X POST 'localhost:18086/generate?process=ttbar&n=5&seed=1' | sha256sum | cut -c1-8)
        kill "$server"
        wait "$server" 2>/dev/null || true
        expected=${expected:-$served}
        if [ "$served" != "$expected" ]; then echo "$database, kill $k: other events" | tee -a "$log"; exit 1; fi
    done
    for found in "${!seen[@]}"; do echo "$database: ${seen[$found]} of $kills kills met $found of $whole migrations applied"; done | sort | tee -a "$log"
    echo "$database: every next start became ready with $whole migrations and served the same events" | tee -a "$log"
    unset seen delay step
done
