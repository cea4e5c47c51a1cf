#!/usr/bin/env bash
# A server killed (SIGKILL) at 100 random points of uploads and promotions, on each database: KilledServerTests, the long version.
# Usage: benchmarks/soak/kill.sh [kills=100]; writes benchmarks/soak/kill.log.
set -euo pipefail
cd "$(dirname "$0")/../.."
export EVENTSERVICE_TEST_KILLS=${1:-100} CI=true DOTNET_NOLOGO=1
log=benchmarks/soak/kill.log
dotnet build -c Release tests/EventService.FunctionalTests >/dev/null
# From a copy: the next build does not disturb it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r artifacts/bin/EventService.FunctionalTests/release "$work/tests"
{
    echo "$ benchmarks/soak/kill.sh $EVENTSERVICE_TEST_KILLS   ($(date -u +%F), $(nproc) processors, commit $(git rev-parse --short HEAD))"
    dotnet test "$work/tests/EventService.FunctionalTests.dll" --filter FullyQualifiedName~KilledServer \
        --logger 'console;verbosity=detailed' 2>&1 | grep -E '^ +(Passed|Failed) |kills;|^Passed!|^Failed!|Total tests|     (Passed|Failed):|Assert|Expected|Actual'
} | tee "$log"
