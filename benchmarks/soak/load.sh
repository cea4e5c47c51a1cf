#!/usr/bin/env bash
# 200 clients with sizes from 1 to 1e6 events, then every answer again, alone, byte for byte; and small requests at 20 % load beside a stream of 1e8 events.
# Usage: benchmarks/soak/load.sh [seconds=300] [clients=200]; writes benchmarks/soak/load.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-300} clients=${2:-200}
work=$(mktemp -d)
dotnet build -c Release >"$work/build" || { cat "$work/build"; exit 1; }
# From copies: the next build does not disturb them.
cp -r artifacts/bin/EventService.Server/release "$work/server"
cp -r artifacts/bin/EventService.Cli/release "$work/cli"
(cd "$work" && exec dotnet server/EventService.Server.dll --EventService:Port=8090 --EventService:GrpcPort=0) >"$work/log" 2>&1 &
server=$!
trap 'kill $server; wait $server; rm -rf "$work"' EXIT
until curl -sf localhost:8090/health/ready >/dev/null; do sleep 0.2; done
curl -sf -o /dev/null -X POST 'localhost:8090/generate?process=ttbar&n=1e5&format=npy' # compiles
bench() { echo "\$ eventservice bench serve $*"; dotnet "$work/cli/eventservice.dll" bench serve --server http://localhost:8090 "$@"; }
failed=0
{
    echo "$(date -u +%F), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
    bench --load 0.2 --most 1000 --stream --seconds 60 || failed=1
    bench --clients "$clients" --seconds "$seconds" --verify || failed=1
    grep -E ' (ERR|FTL) ' "$work/log" && failed=1
    curl -sf localhost:8090/metrics | grep -E '^eventservice_(chunk_duration_seconds_(bucket|count)|requests_inside|queue_chunks)'
} 2>/dev/null | tee benchmarks/soak/load.log
exit $failed
