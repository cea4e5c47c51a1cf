#!/usr/bin/env bash
# Events as a file, the same events again from their receipt, and the densities of a file: events.sh [HOST:PORT]
set -euo pipefail
server=http://${1:-localhost:8080}
ask() { curl -sf ${EVENTSERVICE_KEY:+-H "Authorization: Bearer $EVENTSERVICE_KEY"} "$@"; }

# A thousand events with a seed that the server draws. The headers hold the receipt.
ask -X POST "$server/generate?process=ttbar&n=1000&format=dm-csv" -D headers -o events.csv
seed=$(sed -n 's/^EventService-Seed: \([0-9]*\).*/\1/Ip' headers)
echo "$(wc -l <events.csv) events of seed $seed"

# The seed gives them again, bit by bit; 'first' gives any part of them alone.
ask -X POST "$server/generate?process=ttbar&n=100&first=900&seed=$seed&format=dm-csv" | cmp - <(tail -n 100 events.csv)

# Log-densities, the lowest first: the events that the model finds least likely.
ask --data-binary @events.csv -H 'Content-Type: text/csv' "$server/density?process=ttbar" |
    sed 's/.*"event":\([0-9]*\),"logDensity":\([^,]*\),.*/\2 \1/' | sort -g | sed -n '1,3s/\(.*\) \(.*\)/event \2: log-density \1/p'
