"""Expected values of the observables for the first 40 events of ttbar-300.csv, by brute force over all combinations with
numpy in double precision, written apart from the C# code; writes observables_reference.json beside this file.

Made with Python 3.11, numpy 1.24.2 (Debian 12)."""
import itertools
import json
import os

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
nan = float("nan")


def dphi(a, b):
    return abs((a - b + np.pi) % (2 * np.pi) - np.pi)


def dr(a, b):
    return np.hypot(a["eta"] - b["eta"], dphi(a["phi"], b["phi"]))


def vec(*objects):
    return sum(np.array([o["E"], o["pt"] * np.cos(o["phi"]), o["pt"] * np.sin(o["phi"]), o["pt"] * np.sinh(o["eta"])]) for o in objects)


def mass(*objects):
    if any(o is None for o in objects):
        return nan
    e, x, y, z = vec(*objects)
    return np.sqrt(max(0.0, e * e - x * x - y * y - z * z))


def get(o, key):
    return nan if o is None else mass(o) if key == "m" else o[key]


def smallest(values, default=nan):
    values = list(values)
    return min(values) if values else default


def event(line):
    fields = line.strip().rstrip(";").split(";")
    met, met_phi = float(fields[3]) / 1000, float(fields[4])
    objects = []
    for text in fields[5:]:
        kind, e, pt, eta, phi = text.split(",")
        objects.append({"kind": kind, "E": float(e) / 1000, "pt": float(pt) / 1000, "eta": float(eta), "phi": float(phi)})
    by_pt = sorted(objects, key=lambda o: -o["pt"])
    b = [o for o in by_pt if o["kind"] == "b"]
    j = [o for o in by_pt if o["kind"] == "j"]
    jets = [o for o in by_pt if o["kind"] in "bj"]
    l = [o for o in by_pt if o["kind"] in ("e-", "e+", "m-", "m+")]
    g = [o for o in by_pt if o["kind"] == "g"]
    slot = lambda objects, n: objects[n - 1] if n <= len(objects) else None
    r = {}
    for name, kind in [("n_b", "b"), ("n_j", "j"), ("n_eminus", "e-"), ("n_eplus", "e+"), ("n_muminus", "m-"), ("n_muplus", "m+"), ("n_gamma", "g")]:
        r[name] = sum(o["kind"] == kind for o in objects)
    r["n_jets"], r["n_leptons"], r["n_objects"] = len(jets), len(l), len(objects)
    total = vec(*objects)
    ht, sum_pt = sum(o["pt"] for o in jets), sum(o["pt"] for o in objects)
    r["MET"], r["MET_phi"], r["HT"], r["sum_pt"], r["sum_E"], r["m_eff"] = met, met_phi, ht, sum_pt, total[0], sum_pt + met
    r["m_all"], r["pz_all"] = mass(*objects), total[3]
    met_vector = met * np.array([np.cos(met_phi), np.sin(met_phi)])
    mht_vector = -total[1:3]
    mht = np.hypot(*mht_vector)
    along = mht_vector / mht
    across = np.array([-along[1], along[0]])
    difference = met_vector - mht_vector
    r["MHT"], r["balance"] = mht, np.hypot(*difference)
    r["balance_parallel"], r["balance_perpendicular"] = difference @ along, difference @ across
    r["MET_over_HT"] = met / ht if ht > 0 else nan
    r["MET_significance"] = met / np.sqrt(ht) if ht > 0 else nan
    r["MHT_over_sum_pt"] = mht / sum_pt
    momenta = np.array([vec(o)[1:3] for o in objects])
    eigenvalues = np.linalg.eigvalsh(momenta.T @ momenta)
    r["sphericity_T"] = 2 * eigenvalues[0] / eigenvalues.sum()
    r["centrality"] = sum_pt / total[0]
    r["leading_share"] = by_pt[0]["pt"] / sum_pt
    r["softest_jet_pt"] = jets[-1]["pt"] if jets else nan
    r["jet_pt_ratio"] = jets[1]["pt"] / jets[0]["pt"] if len(jets) > 1 else nan
    for kind, objs, slots in [("b", b, 3), ("j", j, 6), ("l", l, 2), ("g", g, 1)]:
        for n in range(1, slots + 1):
            for key in ["pt", "eta", "E"] + (["m"] if kind in "bj" else []):
                r[f"{kind}{n}_{key}"] = get(slot(objs, n), key)
    directions = [("b1", slot(b, 1)), ("b2", slot(b, 2))] + [(f"j{n}", slot(j, n)) for n in range(1, 5)] + [("l1", slot(l, 1)), ("g1", slot(g, 1))]
    r["dphi_MHT_MET"] = dphi(np.arctan2(mht_vector[1], mht_vector[0]), met_phi)
    for name, o in directions:
        r[f"dphi_{name}_MET"] = nan if o is None else dphi(o["phi"], met_phi)
        r[f"dphi_{name}_leading"] = nan if o is None or o is by_pt[0] else dphi(o["phi"], by_pt[0]["phi"])
    r["min_dphi_jets_MET"] = smallest(dphi(o["phi"], met_phi) for o in jets[:3])
    r["min_dR_jets"] = smallest(dr(*pair) for pair in itertools.combinations(jets, 2))
    r["min_dR_lepton_jet"] = smallest(dr(*pair) for pair in itertools.product(l, jets))
    pair_dr = lambda a, c: nan if a is None or c is None else dr(a, c)
    r["dR_j1_j2"], r["dR_b1_b2"] = pair_dr(slot(j, 1), slot(j, 2)), pair_dr(slot(b, 1), slot(b, 2))
    r["dR_l1_b1"], r["dR_l1_l2"] = pair_dr(slot(l, 1), slot(b, 1)), pair_dr(slot(l, 1), slot(l, 2))
    r["deta_jets"] = abs(jets[0]["eta"] - jets[1]["eta"]) if len(jets) > 1 else nan
    pairs = list(itertools.combinations(j, 2))
    r["m_j1_j2"] = mass(slot(j, 1), slot(j, 2))
    w = min(pairs, key=lambda pair: abs(mass(*pair) - 80.4)) if pairs else None
    r["m_jj_W"] = mass(*w) if w else nan
    r["m_bjj_top"] = min((mass(*w, o) for o in b), key=lambda m: abs(m - 173), default=nan) if w else nan
    triplets = [(o, *pair) for o in b for pair in pairs]
    r["m_bjj_hardest"] = mass(*max(triplets, key=lambda t: np.hypot(*vec(*t)[1:3]))) if triplets else nan
    r["m_b1_b2"] = mass(slot(b, 1), slot(b, 2))
    r["m_jet1_jet2"] = mass(slot(jets, 1), slot(jets, 2))
    r["m_l1_l2"] = mass(slot(l, 1), slot(l, 2))
    r["min_m_l1_b"] = smallest(mass(l[0], o) for o in b) if l else nan
    mt = lambda o: nan if o is None else np.sqrt(2 * o["pt"] * met * (1 - np.cos(o["phi"] - met_phi)))
    r["mT_l1_MET"], r["mT_b1_MET"] = mt(slot(l, 1)), mt(slot(b, 1))
    return {name: None if np.isnan(value) else float(value) for name, value in r.items()}


with open(os.path.join(here, "..", "ttbar-300.csv")) as f:
    events = [event(line) for line in itertools.islice(f, 40)]
with open(os.path.join(here, "observables_reference.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(e) for e in events) + "\n]\n")
