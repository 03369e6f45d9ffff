"""Page's CUSUM in NumPy, its window at hand: what `change_point` must say."""

import numpy as np


def readings(values, *, slack, threshold, window, floor, harm, sides, rebase, whiten):
    """Harmful S, alarm and turn of every value, in float64."""
    found, regime = [], None
    for x in np.asarray(values, np.float64):
        if regime is None:
            regime = {"window": [], "harmful": 0.0, "other": 0.0}
        if not np.isfinite(x):
            found.append((regime["harmful"], True, False))
            continue
        if len(regime["window"]) < window:
            regime["window"].append(x)
            if len(regime["window"]) == window:
                _baseline(regime, floor, whiten)
            found.append((0.0, False, False))
            continue
        left = x - regime["level"]
        z = (left - regime["r"] * regime["left"]) / regime["sigma"]
        z = np.clip(z, -4, 4) if whiten else z
        z = z * (harm if sides == "both" else 1)
        regime["harmful"] = max(0.0, regime["harmful"] + z - slack)
        if sides == "both":
            regime["other"] = max(0.0, regime["other"] - z - slack)
        regime["left"] = left
        if whiten:
            known = max(window, min(regime["count"], 50))
            far = 4 * regime["sigma"] / np.sqrt(1 - regime["r"] ** 2)
            regime["level"] += np.clip(left, -far, far) / (known + 1)
            regime["count"] += 1
        alarm = regime["harmful"] > threshold
        turned = rebase and (alarm or regime["other"] > threshold)
        found.append((regime["harmful"], alarm, turned))
        if turned:
            regime = None
    s, alarms, turns = zip(*found, strict=True)
    return np.array(s), np.array(alarms), np.array(turns)


def _baseline(regime, floor, whiten):
    x = np.array(regime["window"])
    if not whiten:
        sigma = x.std()
        regime |= {"level": x.mean(), "sigma": 1 if sigma < 1e-10 else sigma}
        regime |= {"r": 0.0, "left": x[-1] - x.mean()}
        return
    at = np.arange(len(x))
    line = np.polyval(np.polyfit(at, x, 1), at)
    left = x - line
    rest = (left**2).sum()
    r = np.clip((left[1:] * left[:-1]).sum() / rest, -0.9, 0.9) if rest > 1e-20 else 0.0
    sigma = max(floor, np.sqrt(rest / (len(x) - 2) * (1 - r**2)))
    regime |= {"level": line[-1], "sigma": sigma, "r": r, "left": left[-1]}
    regime |= {"count": len(x)}
