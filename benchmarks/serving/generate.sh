#!/usr/bin/env bash
# Time and server memory of POST /generate from an idle service to the last byte.
# Usage: benchmarks/serving/generate.sh [n=1e6] [format=npy] [process=ttbar]
set -euo pipefail
cd "$(dirname "$0")/../.."
n=${1:-1e6} format=${2:-npy} process=${3:-ttbar}
work=$(mktemp -d)
dotnet build -c Release src/EventService.Server >"$work/build" || { cat "$work/build"; exit 1; }
server_dll=$PWD/artifacts/bin/EventService.Server/release/EventService.Server.dll
(cd "$work" && exec dotnet "$server_dll" --EventService:Port=8090) >"$work/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$work"' EXIT
until curl -sf localhost:8090/health/ready >/dev/null; do sleep 0.2; done

memory() { awk -v key="$1:" '$1 == key {print $2 / 1024}' "/proc/$server/status"; }
curl -sf -o /dev/null -X POST "localhost:8090/generate?process=$process&n=1e4&format=$format"   # loads the model and compiles the kernels
before=$(memory VmRSS)
curl -sf -o /dev/null -X POST "localhost:8090/generate?process=$process&n=$n&format=$format&seed=1" \
    -w "n=$n $format: %{time_total} s, %{size_download} bytes, first byte after %{time_starttransfer} s\n"
echo "server memory: $before MB before, $(memory VmRSS) MB after, $(memory VmHWM) MB at most"
