"""Expected values of the evaluation metrics from scipy and scikit-learn; writes metrics_reference.json beside this file.

Made with Python 3.11, numpy 1.24.2, scipy 1.10.1, scikit-learn 1.2.1 (Debian 12)."""
import json
import os

import numpy as np
from scipy import special, stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import log_loss, roc_auc_score

rng = np.random.default_rng(20240531)


def delong_variance(labels, scores):
    """DeLong, DeLong, Clarke-Pearson, Biometrics 44 (1988) 837, by the definition: all pairs."""
    x, y = scores[labels == 1], scores[labels == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return psi.mean(axis=1).var(ddof=1) / len(x) + psi.mean(axis=0).var(ddof=1) / len(y)


x = np.round(rng.gamma(2.0, 20.0, 37), 3)
y = np.round(rng.gamma(2.2, 19.0, 53), 3)
wx = np.round(rng.uniform(0.1, 2.0, x.size), 3)
wy = np.round(rng.uniform(0.1, 2.0, y.size), 3)
counts_x = rng.poisson(3.0, 60)
counts_y = rng.poisson(3.4, 45)
p = np.array([12.0, 30, 7, 0, 41, 3])
q = np.array([10.0, 35, 9, 4, 38, 1])
labels = rng.integers(0, 2, 120)
scores = np.round(np.clip(0.5 + 0.15 * (labels - 0.5) + rng.normal(0, 0.2, labels.size), 0.001, 0.999), 2)
table = np.array([p, q])

reference = {
    "x": x.tolist(), "y": y.tolist(), "wx": wx.tolist(), "wy": wy.tolist(),
    "wasserstein": stats.wasserstein_distance(x, y),
    "wassersteinWeighted": stats.wasserstein_distance(x, y, wx, wy),
    "countsX": counts_x.tolist(), "countsY": counts_y.tolist(),
    "wassersteinCounts": stats.wasserstein_distance(counts_x, counts_y),
    "p": p.tolist(), "q": q.tolist(),
    "kullbackLeibler": stats.entropy(p, q),
    "jensenShannonDistance": float(jensenshannon(p, q)),
    "chi2": stats.chi2_contingency(table, correction=False)[0],
    "chi2PValue": stats.chi2_contingency(table, correction=False)[1],
    "chi2Dof": stats.chi2_contingency(table, correction=False)[2],
    "chi2Survival": [[a, int(k), stats.chi2.sf(a, k)] for a, k in [(0.1, 1), (3.84, 1), (5, 10), (60, 49), (200, 49), (49, 49), (1500, 1400)]],
    "normalSurvival": [[z, stats.norm.sf(z)] for z in [-3.0, -0.5, 0.0, 0.3, 1.6448536269514722, 3.0, 5.0, 8.0]],
    "logGamma": [[a, float(special.gammaln(a))] for a in [0.3, 0.5, 1.0, 1.5, 7.25, 24.5, 700.0]],
    "labels": labels.tolist(), "scores": scores.tolist(),
    "auc": roc_auc_score(labels, scores),
    "delongError": float(np.sqrt(delong_variance(labels, scores))),
    "logLoss": log_loss(labels, scores),
    "accuracy": float(np.mean((scores > 0.5) == labels)),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics_reference.json"), "w") as f:
    json.dump(reference, f, indent=1)
    f.write("\n")
