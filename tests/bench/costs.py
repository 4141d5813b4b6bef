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
# (contender, form) and what people call it, in the order of the tables.
CONTENDERS = {
    ('nsfence', None): 'nsfence',
    ('nft', 'linear'): 'nft, chain',
    ('nft', 'best'): 'nft, best form',
    ('iptables', None): 'iptables',
    ('bpf', None): 'BPF',
}
LEVELS = {'loop': 'the loop alone', 'accept': 'accept-all fence',
          'nft-counter': 'nft, one counter'}


def contender(run):
    """The key in CONTENDERS; None: it is none of the lines."""
    who = run.get('contender')
    key = (who, run.get('form')) if who == 'nft' else (who, None)
    return key if key in CONTENDERS and number(run.get('rules')) and run['rules'] > 0 else None


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


def costs(runs, metric, which=None, kind=None):
    """{(contender, form): {rules: cost}} of one slice; one that nobody dropped, if any."""
    which = which or SLICE
    kind = kind or main_set(runs)
    out = {}
    for run in runs:
        key = contender(run)
        if key and run.get('set') == kind and in_slice(run, which) and \
                number(run.get(metric)) and run[metric] > 0:
            out.setdefault(key, {}).setdefault(run['rules'], run[metric])
    if not out and which == SLICE:
        return costs(runs, metric, {**SLICE, 'verdict': 'drop'}, kind)
    return out


def levels(runs, metric):
    """{level: cost} of the main slice."""
    out = {}
    for run in runs:
        if run.get('contender') in LEVELS and in_slice(run, SLICE) and \
                number(run.get(metric)) and run[metric] > 0:
            out.setdefault(run['contender'], run[metric])
    return out


METRICS = {'ns_min': 'ns', 'ns_median': 'ns', 'instructions': 'instructions'}


def best_metric(runs):
    """Nanoseconds if there are any of ours, or else instructions."""
    for metric in ('ns_min', 'instructions'):
        if costs(runs, metric).get(('nsfence', None)):
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
