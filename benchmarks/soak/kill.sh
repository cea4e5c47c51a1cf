#!/usr/bin/env bash
# A server killed (SIGKILL) at 100 random points of uploads and promotions, on each database: KilledServerTests, the long version.
# Usage: benchmarks/soak/kill.sh [kills=100]; writes benchmarks/soak/kill.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
export EVENTSERVICE_TEST_KILLS=${1:-100} CI=true DOTNET_NOLOGO=1
log=$PWD/benchmarks/soak/kill.log
dotnet build -c Release tests/EventService.FunctionalTests >/dev/null
# From a copy: the next build does not disturb it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r artifacts/bin/EventService.FunctionalTests/release "$work/tests"
# Both databases at the same time.
for database in Sqlite Postgres; do
    dotnet test "$work/tests/EventService.FunctionalTests.dll" --filter "FullyQualifiedName~KilledServer&DisplayName~$database" \
        --logger 'console;verbosity=detailed' >"$work/$database" 2>&1 &
done
wait
{
    echo "$ benchmarks/soak/kill.sh $EVENTSERVICE_TEST_KILLS   ($(date -u +%F), $(nproc) processors)"
    grep -hE '^ +(Passed|Failed) |kills;|Total tests|^ +(Passed|Failed):|Assert|Expected|Actual|Exception' "$work/Sqlite" "$work/Postgres"
} | tee "$log"
