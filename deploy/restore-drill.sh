#!/usr/bin/env bash
# Backup and restore with a 600 MB model, against a PostgreSQL of its own: publish, dump, restore into an empty database, compare.
# Needs PostgreSQL's programs, curl and python3, and a build of the solution. As root, PostgreSQL runs as the user postgres.
set -euo pipefail
cd "$(dirname "$0")/.."
width=${1:-2700}
bin=$(pg_config --bindir 2>/dev/null || ls -d /usr/lib/postgresql/*/bin | tail -1)
work=$(mktemp -d)
chmod 755 "$work"
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
install -d "$work/pg"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; fi
server=
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    as "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

as "$bin/initdb" -D "$work/pg/data" -U postgres -A trust -E UTF8 >/dev/null
as "$bin/pg_ctl" -D "$work/pg/data" -w -o "-k $work/pg -c listen_addresses= -c fsync=on" -l "$work/pg/log" start >/dev/null
sql() { as "$bin/psql" -h "$work/pg" -U postgres -qAt "$@"; }
connection() { echo "Host=$work/pg;Username=postgres;Database=$1"; }
cli() { dotnet run --no-build -c Release --project src/EventService.Cli -- "$@"; }

as "$bin/createdb" -h "$work/pg" -U postgres registry
python3 deploy/large_model.py models/ttbar-objects.safetensors "$work/large.safetensors" "$width"
wanted=$(sha256sum "$work/large.safetensors" | cut -d' ' -f1)
time cli models publish "$work/large.safetensors" --database "$(connection registry)"
cli models promote ttbar-objects-large 1 --override --reason "restore drill" --database "$(connection registry)"

echo "pg_dump"
time as "$bin/pg_dump" -h "$work/pg" -U postgres --format=custom --compress=0 --file="$work/pg/registry.dump" registry
ls -l "$work/pg/registry.dump"
echo "pg_restore into an empty database"
as "$bin/createdb" -h "$work/pg" -U postgres restored
time as "$bin/pg_restore" -h "$work/pg" -U postgres --exit-on-error --dbname=restored "$work/pg/registry.dump"

cli models download ttbar-objects-large 1 -o "$work/again.safetensors" --database "$(connection restored)"
found=$(sha256sum "$work/again.safetensors" | cut -d' ' -f1)
cli models history ttbar-objects-large --database "$(connection registry)" >"$work/history"
cli models history ttbar-objects-large --database "$(connection restored)" | diff "$work/history" -
EVENTSERVICE__REGISTRYCONNECTIONSTRING=$(connection restored) EVENTSERVICE__DATAFOLDER=$work/data EVENTSERVICE__PORT=18087 \
    dotnet run --no-build -c Release --project src/EventService.Server >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 120); do if curl -sf localhost:18087/health/ready >/dev/null; then break; fi; sleep 0.5; done
served=$(curl -sf localhost:18087/models/ttbar-objects-large/versions/1/file | sha256sum | cut -d' ' -f1)
echo "sha256 published $wanted, restored $found, served $served; triggers $(sql -d registry -c 'select count(*) from pg_trigger where not tgisinternal'), restored $(sql -d restored -c 'select count(*) from pg_trigger where not tgisinternal')"
[ "$wanted" = "$found" ] && [ "$wanted" = "$served" ]
echo "the restored registry is the one that was dumped"
