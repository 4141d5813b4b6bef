# SPDX-License-Identifier: GPL-2.0-or-later
"""plot: what has been measured as one SVG, by itself: no library, no script in it.

From above: what a packet costs over the number of rules, a line for each contender;
the same for the classifier alone; and the goals, each as a share of what it allows.
Both axes are logarithms. Lines differ in colour, dashes and marks, and have their names
at their ends; the page has its own ground, light or dark as the reader's.
"""
import math
from xml.sax.saxutils import escape

from costs import LEVELS, METRICS, OURS, best_metric, classifier, costs, levels, main_set
from report import number
from table import WORDS, bound, figure, summary_line

WIDTH = 900
# Name: (light, dark). Text has these colours, too: each 4.5 to 1 with the ground at least.
PALETTE = {
    'ground': ('#ffffff', '#0d1117'), 'text': ('#1f2328', '#e6edf3'),
    'faint': ('#57606a', '#9198a1'),
    'c0': ('#0550ae', '#58a6ff'), 'c1': ('#b24700', '#f0883e'), 'c2': ('#8250df', '#bc8cff'),
    'c3': ('#1a7f37', '#3fb950'), 'c4': ('#a40e58', '#f778ba'),
}
GRID = ('#d0d7de', '#30363d')
DASHES = ('', '8 3', '3 3', '10 3 2 3', '1 4')


def style():
    def rules(i):
        out = ['.grid{stroke:%s}' % GRID[i], '.ground{fill:%s}' % PALETTE['ground'][i]]
        for name, colours in PALETTE.items():
            if name != 'ground':
                out.append('.%s{fill:%s}.%s-line{stroke:%s}' % (name, colours[i], name,
                                                               colours[i]))
        return ''.join(out)

    return ('<style>text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:15px}'
            'polyline,line,path{fill:none}%s'
            '@media(prefers-color-scheme:dark){%s}</style>' % (rules(0), rules(1)))


# ---- pieces ----

def text(x, y, content, css='text', anchor='start'):
    return '<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>' % (
        x, y, css, anchor, escape(content))


def line(x1, y1, x2, y2, css, dash='', width=1.0):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s" stroke-width="%.1f"%s/>' % (
        x1, y1, x2, y2, css, width, ' stroke-dasharray="%s"' % dash if dash else '')


def mark(which, x, y):
    """A shape of its own for each line."""
    css = 'c%d' % which
    if which == 0:
        return '<circle cx="%.1f" cy="%.1f" r="4" class="%s"/>' % (x, y, css)
    corners = {1: ((-4, -4), (4, -4), (4, 4), (-4, 4)), 2: ((0, -5), (5, 4), (-5, 4)),
               3: ((0, -5), (5, 0), (0, 5), (-5, 0)), 4: ((0, 5), (5, -4), (-5, -4))}[which]
    return '<polygon points="%s" class="%s"/>' % (
        ' '.join('%.1f,%.1f' % (x + dx, y + dy) for dx, dy in corners), css)


def apart(wanted, gap, low, high):
    """Heights near the wanted ones, in their order, with a gap between any two."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    at = low
    for i in order:
        placed[i] = max(wanted[i], at)
        at = placed[i] + gap
    at = high
    for i in reversed(order):
        placed[i] = min(placed[i], at)
        at = placed[i] - gap
    return placed


class Scale:
    """A value's place on an axis of logarithms, whole decades long."""

    def __init__(self, values, start, end):
        low, high = math.log10(min(values)), math.log10(max(values))
        self.low, self.high = math.floor(low + 1e-9), math.ceil(high - 1e-9)
        if self.high <= self.low:
            self.high = self.low + 1
        self.start, self.end = start, end

    def at(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        return [10.0 ** i for i in range(self.low, self.high + 1)]


# ---- figures: each returns its pieces and its height ----

def cost_figure(top, title, unit, lines, known):
    """@lines: [(name, {rules: cost})]; @known: [(name, cost)], the levels."""
    left, right, height = 70, WIDTH - 190, 300
    above, bottom = top + 44, top + 44 + height
    every = [cost for _, row in lines for cost in row.values()] + [cost for _, cost in known]
    x = Scale([n for _, row in lines for n in row], left, right)
    y = Scale(every, bottom, above)
    out = [text(left, top + 18, title, 'text title'), text(left, top + 36, unit, 'faint')]
    for tick in y.ticks():
        out += [line(left, y.at(tick), right, y.at(tick), 'grid'),
                text(left - 8, y.at(tick) + 4, '{:,.10g}'.format(tick), 'faint', 'end')]
    for tick in x.ticks():
        out += [line(x.at(tick), above, x.at(tick), bottom, 'grid'),
                text(x.at(tick), bottom + 18, '{:,.10g}'.format(tick), 'faint', 'middle')]
    out.append(text((left + right) / 2, bottom + 36, 'rules', 'faint', 'middle'))
    for name, cost in known:
        out.append(line(left, y.at(cost), right, y.at(cost), 'faint-line', '2 3'))
    ends = []
    for which, (_, row) in enumerate(lines):
        points = [(x.at(n), y.at(cost)) for n, cost in sorted(row.items())]
        ends.append(points[-1])
        out.append('<polyline points="%s" class="c%d-line" stroke-width="%s"%s/>' % (
            ' '.join('%.1f,%.1f' % p for p in points), which, '3' if which == 0 else '2',
            ' stroke-dasharray="%s"' % DASHES[which] if DASHES[which] else ''))
        out += [mark(which, *p) for p in points]
    ends += [(right, y.at(cost)) for _, cost in known]
    names = [(name + ' ' + figure(row[max(row)]), 'c%d' % i)
             for i, (name, row) in enumerate(lines)]
    names += [(name + ' ' + figure(cost), 'faint') for name, cost in known]
    for (name, css), (ex, ey), at in zip(names, ends, apart([e[1] for e in ends], 16, above,
                                                            bottom)):
        out += [line(ex + 6, ey, right + 12, at, css + '-line', '1 2', 0.8),
                text(right + 16, at + 4, name, css)]
    return out, 44 + height + 56


def share(goal):
    """Of what the goal allows: 1 is just met, less is better. None: there is no such number."""
    measured, target = goal['measured'], goal['target']
    if not number(measured) or not number(target):
        return None
    if goal.get('at_least'):
        measured, target = target, measured
    if target <= 0 or measured < 0:
        return 0.0 if goal['met'] else math.inf
    return measured / target


def goals_figure(top, goals):
    left, right, row = 40, 230, 20
    low, high = 1e-3, 10.0
    above, bottom = top + 56, top + 56 + row * len(goals)
    scale = Scale([low, high], left, right)
    out = [text(20, top + 18, 'The goals', 'text title'),
           text(20, top + 34, 'share of what is allowed: a bar left of the line is a goal that is '
                'met', 'faint')]
    for tick in scale.ticks():
        out += [line(scale.at(tick), above, scale.at(tick), bottom,
                     'text-line' if tick == 1 else 'grid', '', 2 if tick == 1 else 1),
                text(scale.at(tick), above - 6, '{:g}'.format(tick), 'faint', 'middle')]
    for i, goal in enumerate(goals):
        y, part = above + i * row, share(goal)
        if part is not None:
            ends = sorted((scale.at(1), scale.at(min(max(part, low), high))))
            out.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%d" class="%s"/>' % (
                ends[0], y + 4, max(ends[1] - ends[0], 2), row - 8,
                'c1' if goal['met'] is False else 'c0'))
        word = '' if goal['met'] else WORDS[goal['met']]
        told = word if goal['measured'] is None else ' '.join(
            [figure(goal['measured']), bound(goal, True), word]).strip()
        out += [text(right + 16, y + 14, told, 'c1' if goal['met'] is False else 'faint'),
                text(right + 170, y + 14, '%d  %s' % (goal['id'], shorten(goal['text'])))]
    return out, 56 + row * len(goals) + 16


def shorten(content, most=70):
    return content if len(content) <= most else content[:most - 1] + '…'


# ---- the whole ----

def figures(whole):
    """[(function, its arguments after the height)] of what there is to show."""
    runs, out = whole['runs'], []
    for metric in ('ns_min', 'instructions'):
        found = costs(runs, metric)
        if OURS not in found:
            continue
        out.append((cost_figure, (
            'A packet in the kernel, set ' + str(main_set(runs)),
            METRICS[metric] + ' more than an empty hook; at the right: the last of each line',
            list(found.items()),
            [(LEVELS[name], cost) for name, cost in levels(runs, metric).items()])))
    alone = classifier(runs)
    if alone:
        out.append((cost_figure, (
            'The classifier alone, IPv4', 'instructions for a packet; at the right: the last '
            'of each line', list(alone.items()), [])))
    return out + [(goals_figure, (whole['goals'],))]


def described(whole):
    """The same in words, for who hears the figure."""
    runs, out = whole['runs'], []
    metric = best_metric(runs)
    if metric:
        for name, row in costs(runs, metric).items():
            out.append('%s: %s %s.' % (name, ', '.join(
                '%s with %s rules' % (figure(cost), '{:,}'.format(n))
                for n, cost in sorted(row.items())), METRICS[metric]))
    return ' '.join(out + [summary_line(whole['goals']) + '.'])


def draw(whole):
    out, top = [], 10
    for function, arguments in figures(whole):
        pieces, height = function(top, *arguments)
        out += ['<g>'] + pieces + ['</g>']
        top += height
    title = 'nsfence: what a packet costs, and the goals'
    return '\n'.join([
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
        'role="img" aria-labelledby="title desc">' % (WIDTH, top, WIDTH, top),
        '<title id="title">%s</title>' % escape(title),
        '<desc id="desc">%s</desc>' % escape(described(whole)), style(),
        '<rect width="%d" height="%d" class="ground"/>' % (WIDTH, top)] + out + ['</svg>', ''])
