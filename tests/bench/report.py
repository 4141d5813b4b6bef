# SPDX-License-Identifier: GPL-2.0-or-later
"""report: what has been measured.

Each part of the bench is a program that measures some goals and writes
build/bench/parts/PART.json: {"machine", "goals", "runs"}. `bench` joins the parts. Here
is what both need: the goals, the file of a part (written, read, checked), and the whole.
Nothing here measures; costs.py sorts, table.py and plot.py show.

A goal's entry: id, text, measured, target, met, how; at_least where the target is to be
reached and not to be kept below. met is None where it was not measured, and then `how`
says why. There may be several entries of one id.
A run: goal, name, and any figures. Runs that are packets in a kernel have the fields
contender, form, rules, family, direction, verdict, heat, traffic, ns_min, ns_median,
instructions (README.md, "The files").
"""
import datetime
import json
import math
import os
import platform
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, 'build', 'bench')

# All of them, shortly; README.md has them in full, with their reasons.
GOALS = {
    1: 'a packet costs little more with many rules',
    2: 'cheaper than a chain of nft',
    3: 'cheaper than nft\'s concatenated intervals',
    4: 'not dearer than nft\'s hash set',
    5: 'accept-all: not dearer than one chain of nft with a counter',
    6: 'what is not selected runs no code of ours',
    7: 'the worst packet',
    8: 'sets of a million addresses',
    9: 'memory for one more namespace',
    10: 'one policy into 1,000 namespaces',
    11: 'compiling and checking',
    12: 'namespaces come and go as fast as without the module',
}
PARTS = {'classify': (1, 7, 8, 11), 'hook': (2, 3, 4, 5, 6), 'control': (9, 10, 12)}


class Broken(Exception):
    """A file that is not what a part writes."""


# ---- a part ----

def is_met(measured, target, at_least):
    if measured is None or target is None:
        return None
    return measured >= target if at_least else measured <= target


class Report:
    """What one part has found; write() hands it on."""

    def __init__(self, part):
        self.part, self.goals, self.runs = part, [], []

    def run(self, goal, name, **figures):
        self.runs.append({'goal': goal, 'name': name, **figures})
        print('  %-26s %s' % (name, listed(figures)), flush=True)

    def goal(self, number, text, measured, target, how, at_least=False):
        """@measured: None where it could not be measured; @how says why."""
        self.goals.append({'id': number, 'text': text, 'measured': measured, 'target': target,
                           'met': is_met(measured, target, at_least), 'at_least': at_least,
                           'how': how})

    def write(self, where, out=BUILD):
        """@where: what it was measured in and with, {name: text or number}."""
        os.makedirs(os.path.join(out, 'parts'), exist_ok=True)
        dump(part_path(self.part, out),
             {'machine': where, 'goals': self.goals, 'runs': self.runs})


# What a run's name says already.
NAMED = ('contender', 'set', 'rules', 'family', 'mixed')


def listed(figures):
    return '  '.join('%s %s' % (key, '%.4g' % value if isinstance(value, float) else value)
                     for key, value in figures.items() if value is not None and key not in NAMED)


def part_path(part, out=BUILD):
    return os.path.join(out, 'parts', part + '.json')


def dump(path, value):
    """All of it or nothing: whoever reads finds no half of a file."""
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump(value, file, indent=1, allow_nan=False)
        file.write('\n')
    os.rename(path + '.new', path)


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and \
        math.isfinite(value)


def check_goal(goal, may):
    """A reader trusts `met`: it must be what the figures say."""
    if not isinstance(goal, dict) or goal.get('id') not in may:
        raise Broken('a goal has the id %r, which is none of this part\'s' %
                     (goal.get('id') if isinstance(goal, dict) else goal))
    what = 'goal %s' % goal['id']
    for key in ('text', 'how'):
        if not isinstance(goal.get(key), str) or not goal[key]:
            raise Broken('%s has no `%s`' % (what, key))
    for key in ('measured', 'target'):
        if key not in goal or not (goal[key] is None or number(goal[key])):
            raise Broken('%s: `%s` is no number' % (what, key))
    says = is_met(goal['measured'], goal['target'], goal.get('at_least', False))
    if 'met' not in goal or goal['met'] is not says:
        raise Broken('%s: `met` is %r, and the figures say %r' % (what, goal.get('met'), says))


def read_part(part, out=BUILD):
    """What it wrote, or Broken."""
    path = part_path(part, out)
    try:
        with open(path, encoding='utf-8') as file:
            got = json.load(file)
    except FileNotFoundError:
        raise Broken('it wrote no %s.json' % part) from None
    except ValueError as error:
        raise Broken('%s.json is no JSON: %s' % (part, error)) from None
    if not isinstance(got, dict) or not all(
            isinstance(got.get(key), kind)
            for key, kind in (('goals', list), ('runs', list), ('machine', dict))):
        raise Broken('%s.json lacks goals, runs or machine' % part)
    for goal in got['goals']:
        check_goal(goal, PARTS[part])
    for run in got['runs']:
        if not isinstance(run, dict) or not isinstance(run.get('name'), str):
            raise Broken('%s.json: a run has no name' % part)
    return got


# ---- all of them ----

def join(wanted, parts, reasons):
    """
    The whole. @wanted: numbers of goals that were asked for; @parts: {name: what it wrote};
    @reasons: {name: why it wrote nothing}. Every goal is in it.
    """
    goals, runs = [], []
    for part, ids in PARTS.items():
        got = parts.get(part, {'goals': [], 'runs': []})
        runs += [{'part': part, **run} for run in got['runs']]
        for one in ids:
            found = [{'at_least': False, **goal} for goal in got['goals'] if goal['id'] == one]
            if found:
                goals += found
                continue
            if part in reasons:
                why = reasons[part]
            else:
                why = 'the part %s says nothing of it' % part if one in wanted else 'not asked for'
            goals.append({'id': one, 'text': GOALS[one], 'measured': None, 'target': None,
                          'met': None, 'at_least': False, 'how': 'not measured: ' + why})
    goals.sort(key=lambda goal: goal['id'])
    where = {'host': host_of(parts), **{name: got['machine'] for name, got in parts.items()}}
    return {'machine': where, 'goals': goals, 'runs': runs,
            'summary': [{'id': one, 'text': GOALS[one], 'met': met}
                        for one, met in summary(goals).items()]}


def host_of(parts):
    """Of this machine; but commit and date are those of the measuring, not of the joining."""
    host = machine()
    for key in ('commit', 'date'):
        found = sorted({got['machine'][key] for got in parts.values() if key in got['machine']})
        if found:
            host[key] = ', '.join(found) if key == 'commit' else found[0]
    return host


def silent(wanted, part, got):
    """Goals that the part was asked for and left out."""
    return [one for one in PARTS[part]
            if one in wanted and one not in [goal['id'] for goal in got['goals']]]


def summary(goals):
    """{id: met}: all its statements, or not, or None where one was not measured."""
    out = {}
    for one in GOALS:
        met = [goal['met'] for goal in goals if goal['id'] == one]
        out[one] = False if False in met else None if None in met or not met else True
    return out


def said(*command):
    """The first line that a program prints, or None."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def field(path, name, separator):
    try:
        with open(path, encoding='utf-8') as file:
            for line in file:
                key, _, value = line.partition(separator)
                if key.strip() == name:
                    return value.strip().strip('"')
    except OSError:
        pass
    return None


def machine():
    """Where and with what: times mean nothing without it. No name of the host."""
    facts = {
        'cpu': field('/proc/cpuinfo', 'model name', ':') or platform.machine(),
        'cpus': os.cpu_count(),
        'memory': field('/proc/meminfo', 'MemTotal', ':'),
        'kernel': platform.release(),
        'distribution': field('/etc/os-release', 'PRETTY_NAME', '='),
        'gcc': said('gcc', '-dumpfullversion'),
        'valgrind': said('valgrind', '--version'),
        'nft': said('nft', '--version'),
        'commit': said('git', '-C', TOP, 'describe', '--always', '--dirty'),
        'date': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
    }
    return {key: value for key, value in facts.items() if value is not None}
