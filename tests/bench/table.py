# SPDX-License-Identifier: GPL-2.0-or-later
"""table: what has been measured, in the terminal and in the README. Ratios first.
"""
import math

import report
from costs import LEVELS, METRICS, OURS, costs, has_rules, levels, main_set
from report import number


def figure(value):
    """Three digits that mean something."""
    if value is None:
        return '-'
    if not number(value):
        return str(value)
    if value == 0:
        return '0'
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return '{:,.{}f}'.format(value, digits) if digits else '{:,.0f}'.format(value)


def exact(value):
    """A target, as it was set."""
    return '-' if value is None else '{:,.10g}'.format(value)


def bound(goal, page=False):
    """@page: a page knows more signs than a terminal."""
    if goal['target'] is None:
        return ''
    signs = ('≥ ', '≤ ') if page else ('>= ', '<= ')
    return signs[0 if goal['at_least'] else 1] + exact(goal['target'])


WORDS = {True: 'met', False: 'NOT MET', None: 'not measured'}


def summary_line(goals):
    by = {word: [str(one) for one, met in report.summary(goals).items() if WORDS[met] == word]
          for word in WORDS.values()}
    return '%d goals: ' % len(report.GOALS) + ', '.join(
        '%d %s%s' % (len(ids), word, ' (%s)' % ', '.join(ids) if word != 'met' else '')
        for word, ids in by.items() if ids)


def goals_table(goals):
    lines = ['%4s  %-84s %10s %10s' % ('goal', '', 'measured', 'target')]
    for goal in goals:
        lines.append('%4d  %-84s %10s %10s  %s' % (
            goal['id'], goal['text'], figure(goal['measured']), bound(goal),
            '' if goal['met'] else WORDS[goal['met']]))
        if goal['met'] is None:
            lines.append('%6s%s' % ('', goal['how']))
    return lines + ['', summary_line(goals)]


def ratio_rows(runs, metric):
    """[(label, {rules: (ratio to nsfence or None, cost)})], ours first."""
    found = costs(runs, metric)
    ours = found.get(OURS, {})
    return [(name, {n: (cost / ours[n] if n in ours else None, cost) for n, cost in row.items()})
            for name, row in found.items()]


def sizes_of(rows):
    return sorted({n for _, row in rows for n in row})


def ratios_table(runs, metric):
    rows = ratio_rows(runs, metric)
    sizes = sizes_of(rows)
    lines = ['A packet, against nsfence with as many rules (%s; set %s)' % (
        METRICS[metric], main_set(runs)),
        '  %-18s' % '' + ''.join('%12s' % '{:,} rules'.format(n) for n in sizes)]
    for label, row in rows:
        cells = [row.get(n, (None, None))[0] for n in sizes]
        lines.append('  %-18s' % label + ''.join(
            '%12s' % ('-' if cell is None else figure(cell) + ' x') for cell in cells))
    return lines


def raw_tables(runs):
    """Every slice of packets: what each contender costs, in each form."""
    keys = ('set', 'family', 'direction', 'verdict', 'heat', 'traffic', 'where')
    slices = {}
    for run in runs:
        if has_rules(run) and run.get('contender') and run.get('direction'):
            slices.setdefault(tuple(run.get(key) for key in keys), []).append(run)
    lines = []
    for which, picked in slices.items():
        sizes = sorted({run['rules'] for run in picked})
        for metric in METRICS:
            rows = {}
            for run in picked:
                if number(run.get(metric)):
                    label = run['contender'] + (', ' + run['form'] if run.get('form') else '')
                    rows.setdefault(label, {}).setdefault(run['rules'], run[metric])
            if rows:
                lines += ['', '  %s: %s' % (metric, ' '.join(str(word) for word in which
                                                              if word is not None))]
                lines.append('  %-34s' % '' + ''.join('%10s' % '{:,}'.format(n) for n in sizes))
                lines += ['  %-34s' % label + ''.join('%10s' % figure(row.get(n)) for n in sizes)
                          for label, row in rows.items()]
    return lines


def other_runs(runs):
    """What is no packet of a contender: a line each."""
    lines, part = [], None
    for run in runs:
        if has_rules(run) and run.get('direction') and not run.get('note'):
            continue
        if run.get('part') != part:
            part = run.get('part')
            lines += ['', '  %s' % part]
        rest = {key: value for key, value in run.items() if key not in ('part', 'goal', 'name')}
        lines.append('  %4s  %-28s %s' % (run.get('goal') or '', run['name'],
                                          report.listed(rest)))
    return lines


def text(whole):
    """The table in the terminal: ratios, goals, and what they are of."""
    runs, lines = whole['runs'], []
    for metric in WHAT:
        if OURS in costs(runs, metric):
            lines += ratios_table(runs, metric) + ['']
    lines += goals_table(whole['goals'])
    lines += ['', 'Raw figures'] + raw_tables(runs) + other_runs(runs) + ['']
    for name, facts in whole['machine'].items():
        lines.append('%s: %s' % (name, ', '.join('%s %s' % item for item in facts.items())))
    return '\n'.join(lines)


# ---- as Markdown, for the README ----

def markdown_cell(cell):
    ratio, cost = cell
    if cost is None:
        return ''
    return '%s (%s)' % (figure(ratio) + ' x' if ratio else '-', figure(cost))


# Both, where there are both: what one hides the other one shows.
WHAT = {'ns_min': 'nanoseconds', 'instructions': 'instructions'}


def markdown_costs(runs):
    lines = []
    for metric, unit in WHAT.items():
        rows = ratio_rows(runs, metric)
        if OURS not in dict(rows):
            continue
        sizes = sizes_of(rows)
        lines += ['What a packet costs more than with an empty hook, against nsfence with as '
                  'many rules; in brackets the %s:' % unit, '',
                  '| | ' + ' | '.join('{:,} rules'.format(n) for n in sizes) + ' |',
                  '|---' + '|---:' * len(sizes) + '|']
        for label, row in rows:
            lines.append('| %s | %s |' % (label, ' | '.join(
                markdown_cell(row.get(n, (None, None))) for n in sizes)))
        known = levels(runs, metric)
        if known:
            lines += ['', '; '.join('%s: %s %s' % (LEVELS[name], figure(value), unit)
                                    for name, value in known.items()) + '.']
        lines.append('')
    return lines or ['The cost of a packet in the kernel has not been measured.', '']


def markdown_goals(goals, how=False):
    lines = ['| goal | | measured | target | |' + (' how |' if how else ''),
             '|---:|---|---:|---:|---|' + ('---|' if how else '')]
    for goal in goals:
        cells = [str(goal['id']), goal['text'], figure(goal['measured']), bound(goal, True),
                 WORDS[goal['met']]] + ([goal['how']] if how else [])
        lines.append('| %s |' % ' | '.join(cell.replace('|', '\\|') for cell in cells))
    return lines + ['']


def page(whole):
    """tests/bench/result.md: each goal, how it was measured, and what is no packet's cost."""
    others = [run for run in whole['runs'] if run['part'] == 'control']
    raw = ['## Namespaces, policies, the daemon', '',
           'Raw figures; rates, memory in bytes, times with their units.', '', '```'] + \
        other_runs(others)[2:] + ['```', ''] if others else []
    return '\n'.join(['# What make bench measured', '',
                      'Written by `tests/bench/bench --readme`; what the goals are, why they are '
                      'and how to read this says [README.md](README.md).', '',
                      '![What a packet costs, and the goals](result.svg)', '',
                      summary_line(whole['goals']) + '.', ''] +
                     markdown_goals(whole['goals'], how=True) + raw + measured_on(whole)) + '\n'


def markdown(whole):
    """What stands between the two comments of the README."""
    missed = [goal for goal in whole['goals'] if not goal['met']]
    lines = markdown_costs(whole['runs'])
    lines += ['![What a packet costs, and the goals; the tables have the same '
              'figures](tests/bench/result.svg)', '',
              summary_line(whole['goals']) + '. All of them, and how they were measured: '
              '[tests/bench/result.md](tests/bench/result.md)%s' %
              ('; these are not met, and [why](tests/bench/README.md#out-of-reach):' if missed
               else '.'), '']
    if missed:
        lines += markdown_goals(missed)
    return '\n'.join(lines + measured_on(whole))


def measured_on(whole):
    host, lines = whole['machine']['host'], []
    lines.append('Measured on %s, %s CPUs, %s, Linux %s; nsfence %s, %s.' % (
        host.get('cpu', 'an unknown CPU'), host.get('cpus', '?'),
        host.get('distribution', 'an unknown distribution'), host.get('kernel', '?'),
        host.get('commit', 'of an unknown commit'), host.get('date', '')[:10]))
    for name, facts in whole['machine'].items():
        kernels = sorted({value for key, value in facts.items()
                          if key.startswith('kernel') and value != host.get('kernel')})
        if kernels:
            lines.append('The part `%s` ran on Linux %s.' % (name, ' and '.join(kernels)))
    return lines


MARKS = ('<!-- figures: written by tests/bench/bench --readme -->', '<!-- figures: end -->')


def fill(page, content):
    """@page with @content between its marks; Broken where they are not there."""
    begin, end = (page.find(mark) for mark in MARKS)
    if begin < 0 or end < begin:
        raise report.Broken('the page lacks the marks "%s" and "%s"' % MARKS)
    return page[:begin + len(MARKS[0])] + '\n' + content + '\n' + page[end:]
