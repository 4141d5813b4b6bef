# SPDX-License-Identifier: GPL-2.0-or-later
"""costs: the runs that are packets in a kernel, sorted by who was measured.

Tables and the figure show one slice of them, SLICE. One line is one contender, over the
number of rules; a level has no rules.
"""
import math
import statistics

from report import number


def geometric(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


SLICE = {'family': 4, 'direction': 'input', 'verdict': 'accept', 'heat': 'hot',
         'traffic': 'rules'}
# What a line is called: who, and in which forms. Of several forms the cheapest counts, at
# each number of rules: everybody at his best.
CONTENDERS = {
    'nsfence': ('nsfence', (None, 'linear')),
    'nft, chain': ('nft', ('linear', 'linear, table of its family')),
    'nft, best form': ('nft', ('best', 'map')),
    'iptables': ('iptables', (None, 'linear')),
    'BPF, hash': ('bpf', (None, 'linear', 'best', 'hash')),
}
OURS = 'nsfence'
LEVELS = {'loop': 'the loop alone', 'accept': 'accept-all fence',
          'nft-counter': 'nft, one counter'}


def has_rules(run):
    return number(run.get('rules')) and run['rules'] > 0


def contender(run):
    """Whose line it is on; None: on none."""
    if not has_rules(run):
        return None
    for name, (who, forms) in CONTENDERS.items():
        if run.get('contender') == who and run.get('form') in forms:
            return name
    return None


def in_slice(run, which):
    return all(run.get(key, value) in (value, None) for key, value in which.items())


def main_set(runs):
    """The kind of set that most can be said of: five, or what has the most sizes."""
    sizes = {}
    for run in runs:
        if contender(run):
            sizes.setdefault(run.get('set'), set()).add(run['rules'])
    if 'five' in sizes:
        return 'five'
    return max(sizes, key=lambda kind: (len(sizes[kind]), str(kind)), default=None)


def cheaper(row, key, cost):
    row[key] = min(cost, row.get(key, cost))


def costs(runs, metric, which=None, kind=None):
    """{contender: {rules: cost}} of one slice, in the order of CONTENDERS. Where nothing was
    accepted: of what was dropped."""
    which = which or SLICE
    kind = kind or main_set(runs)
    found = {}
    for run in runs:
        name = contender(run)
        if name and run.get('set') == kind and in_slice(run, which) and \
                number(run.get(metric)) and run[metric] > 0:
            cheaper(found.setdefault(name, {}), run['rules'], run[metric])
    if not found and which == SLICE:
        return costs(runs, metric, {**SLICE, 'verdict': 'drop'}, kind)
    return {name: found[name] for name in CONTENDERS if name in found}


def levels(runs, metric):
    """{level: cost} of the main slice."""
    found = {}
    for run in runs:
        if run.get('contender') in LEVELS and in_slice(run, SLICE) and \
                number(run.get(metric)) and run[metric] > 0:
            cheaper(found, run['contender'], run[metric])
    return {name: found[name] for name in LEVELS if name in found}


METRICS = {'ns_min': 'ns', 'ns_median': 'ns', 'instructions': 'instructions'}


def best_metric(runs):
    """Nanoseconds if there are any of ours, or else instructions."""
    for metric in ('ns_min', 'instructions'):
        if costs(runs, metric).get(OURS):
            return metric
    return None


def classifier(runs):
    """{kind of set: {rules: instructions}} of the classifier alone, IPv4; of several seeds the
    geometric mean."""
    found = {}
    for run in runs:
        if run.get('contender') == 'classifier' and run.get('goal') == 1 and \
                run.get('family') == 4 and not run.get('mixed') and \
                number(run.get('rules')) and number(run.get('instructions')):
            found.setdefault(run['set'], {}).setdefault(run['rules'], []).append(
                run['instructions'])
    return {kind: {n: geometric(some) for n, some in sorted(row.items())}
            for kind, row in found.items()}
