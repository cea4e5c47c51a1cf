#!/usr/bin/python3
"""A second judge, foreign to the service: boosted trees on the features that `eventservice evaluate` exports.

    /usr/bin/python3 benchmarks/judge/second_judge.py evaluation/ [--seeds 1]

Trains scikit-learn's HistGradientBoostingClassifier (early stopping on a part of the training events) to tell the two samples apart and
prints the AUC on events that it has not seen, with DeLong's error and the deviation from 1/2 in standard errors of the null.
Needs numpy and scikit-learn (Debian: python3-sklearn; tried with 1.2.1).
"""
import argparse
import json
import pathlib
import sys
import time

import numpy as np
from sklearn import __version__ as sklearn_version
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score


def delong_error(labels, scores):
    """DeLong et al. 1988, by midranks (Sun and Xu 2014)."""
    from scipy.stats import rankdata

    x, y = scores[labels == 1], scores[labels == 0]
    ranks = rankdata(np.concatenate([x, y]))
    v10 = (ranks[: len(x)] - rankdata(x)) / len(y)
    v01 = 1 - (ranks[len(x) :] - rankdata(y)) / len(x)
    return float(np.sqrt(v10.var(ddof=1) / len(x) + v01.var(ddof=1) / len(y)))


def judge(mc, generated, seed, test_share):
    x = np.concatenate([mc, generated])
    labels = np.concatenate([np.ones(len(mc), int), np.zeros(len(generated), int)])
    order = np.random.default_rng(seed).permutation(len(x))
    tests = int(test_share * len(x))
    test, train = order[:tests], order[tests:]
    start = time.monotonic()
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=500, max_leaf_nodes=15, min_samples_leaf=50, l2_regularization=1.0,
        early_stopping=True, validation_fraction=0.15, n_iter_no_change=25, random_state=seed)
    model.fit(x[train], labels[train])
    scores = model.decision_function(x[test])
    n, m = int(labels[test].sum()), int((1 - labels[test]).sum())
    auc = float(roc_auc_score(labels[test], scores))
    null = float(np.sqrt((n + m + 1) / (12 * n * m)))
    return {"seed": seed, "auc": auc, "error": delong_error(labels[test], scores), "significance": (auc - 0.5) / null,
            "accuracy": float(np.mean((scores > 0) == labels[test])), "trees": int(model.n_iter_), "testEvents": n + m,
            "seconds": time.monotonic() - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="with features_mc.npy and features_generated.npy")
    parser.add_argument("--seeds", type=int, default=1, help="repeat with this many splits")
    parser.add_argument("--test-share", type=float, default=0.4)
    arguments = parser.parse_args()
    mc, generated = (np.load(arguments.folder / name) for name in ("features_mc.npy", "features_generated.npy"))
    if mc.shape[1] != generated.shape[1]:
        sys.exit(f"features_mc.npy has {mc.shape[1]} columns, features_generated.npy {generated.shape[1]}; export them together.")
    print(f"scikit-learn {sklearn_version}, HistGradientBoostingClassifier, {len(mc)} + {len(generated)} events, {mc.shape[1]} features")
    results = [judge(mc, generated, seed, arguments.test_share) for seed in range(1, arguments.seeds + 1)]
    for r in results:
        print("AUC {auc:.4f} +- {error:.4f} ({significance:+.1f} sigma of the null), accuracy {accuracy:.4f}, {trees} trees, "
              "{testEvents} test events, {seconds:.0f} s, seed {seed}".format(**r))
    with open(arguments.folder / "second_judge.json", "w") as f:
        json.dump({"scikitLearn": sklearn_version, "results": results}, f, indent=2)


if __name__ == "__main__":
    main()
