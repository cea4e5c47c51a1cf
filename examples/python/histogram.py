"""The spectrum of the leading jet's pT in 140/fb, as numbers: histogram.py [HOST:PORT]"""

import io
import json
import os
import sys
import urllib.request

import numpy as np

server = sys.argv[1] if len(sys.argv) > 1 else "localhost:8080"
request = urllib.request.Request(f"http://{server}/generate?process=ttbar&n=20000&format=npy&columns=Jet_pt&lumi=140", method="POST")
if "EVENTSERVICE_KEY" in os.environ:
    request.add_header("Authorization", f"Bearer {os.environ['EVENTSERVICE_KEY']}")
with urllib.request.urlopen(request) as answer:
    receipt = json.loads(answer.headers["EventService-Receipt"])
    events = np.load(io.BytesIO(answer.read()))

# Jets stand by falling pT; the place of a jet that is not there holds 0.
leading = events["Jet_pt"][:, 0][events["nJet"] > 0]
edges = np.array([20, 50, 100, 150, 200, 300, 500, 1000])
counts, _ = np.histogram(leading, edges)
per_event = receipt["eventNormalisation"]
print(f"{receipt['model']} version {receipt['version']}, seed {receipt['seed']}: each event counts for {per_event:.1f} in {receipt['lumi']:.0f}/fb")
for low, high, count in zip(edges, edges[1:], counts):
    print(f"{low:5d} .. {high:4d} GeV: {count * per_event:12.0f} +- {np.sqrt(count) * per_event:.0f}")
