# SPDX-License-Identifier: GPL-2.0-or-later
"""measure: rule sets made, compiled, run and counted, for gate and goals.

A set is named by what gen is asked for. Files lie in build/bench/sets; they are made
anew each time, for the generator may have changed.
"""
import collections
import os
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, 'build', 'bench')
# Of no machine, so that misses do not depend on it: 32 KiB, and 1 MiB behind.
CACHES = ['--cache-sim=yes', '--I1=32768,8,64', '--D1=32768,8,64', '--LL=1048576,16,64']


class Set(collections.namedtuple('Set', 'kind n six packets traffic form mixed counter seed own',
                                 defaults=(False, 0, 'rules', 'rules', False, False, 1, False))):
    """What gen makes."""

    @property
    def name(self):
        parts = [self.kind, '6' if self.six else '4', str(self.n)]
        parts += [self.traffic] if self.traffic != 'rules' else []
        parts += [self.form] if self.form != 'rules' else []
        parts += ['mixed'] if self.mixed else []
        parts += ['counter'] if self.counter else []
        parts += ['seed%d' % self.seed] if self.seed != 1 else []
        parts += ['own'] if self.own else []
        return '-'.join(parts)

    def path(self, what):
        return os.path.join(BUILD, 'sets', self.name + '.' + what)

    def make(self):
        os.makedirs(os.path.join(BUILD, 'sets'), exist_ok=True)
        command = [os.path.join(BUILD, 'gen'), '--seed', str(self.seed), '--traffic',
                   self.traffic, '--form', self.form]
        command += ['-6'] if self.six else []
        command += ['--mixed'] if self.mixed else []
        command += ['--counter'] if self.counter else []
        command += ['--own-table'] if self.own else []
        command += ['--packets', str(self.packets)] if self.packets else []
        command += [self.kind, str(self.n), self.path('nft'), self.path('packets')]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return self


def build():
    """The programs; the compiler's output only where it fails."""
    done = subprocess.run(['make', '-s', 'build/bench/gen', 'build/bench/classify'], cwd=TOP,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit('what measures does not compile:\n' + done.stdout)


class Refused(Exception):
    """The runner ended badly; the message is what it said."""


def told(command, program):
    """What the runner prints; @program: who runs it."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ['%s ended with %d' % (program,
                                                                          done.returncode)]
        raise Refused(lines[-1])
    return values(done.stdout)


def values(text):
    """What the runner prints: a line `name value` each."""
    out = {}
    for line in text.splitlines():
        name, value = line.split(' ', 1)
        if name in ('compiler', 'digest'):
            out[name] = value
        else:
            out[name] = float(value) if '.' in value else int(value)
    return out


def run(nft, packets=None, seconds=0.5, cold=False, once=False):
    """Natively: the times of compiling, and of packets in nanoseconds. With once, those of
    the first compiling of a process."""
    command = [os.path.join(BUILD, 'classify'), '--seconds', str(seconds)]
    command += ['--cold'] if cold else []
    command += ['--once'] if once else []
    command += [nft] + ([packets] if packets else [])
    return told(command, 'classify')


def count(nft, packets, each=False, caches=False):
    """By callgrind. `Ir` and, with caches, `D1` and `LL`: for a packet on average; with
    each, `each`: instructions of every packet in their order."""
    out = os.path.join(BUILD, 'callgrind')
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    command = ['valgrind', '-q', '--tool=callgrind', '--instr-atstart=no',
               '--toggle-collect=nsf_classify', '--combine-dumps=yes',
               '--callgrind-out-file=' + os.path.join(out, 'out')]
    command += CACHES if caches else []
    command += [os.path.join(BUILD, 'classify')] + (['--each'] if each else []) + [nft, packets]
    result = told(command, 'valgrind')
    events, sums = [], []
    with open(os.path.join(out, 'out'), encoding='ascii') as file:
        for line in file:
            if line.startswith('events:'):
                events = line.split()[1:]
            elif line.startswith('summary:'):
                sums.append([int(v) for v in line.split()[1:]])
    sums.pop()      # of the program's end: nothing
    total = {}
    for part in sums:
        for event, value in zip(events, part):
            total[event] = total.get(event, 0) + value
    n = result['packets']
    result['Ir'] = total['Ir'] / n
    if each:
        result['each'] = [part[0] for part in sums]
    if caches:
        result['D1'] = (total.get('D1mr', 0) + total.get('D1mw', 0)) / n
        result['LL'] = (total.get('DLmr', 0) + total.get('DLmw', 0)) / n
    return result
