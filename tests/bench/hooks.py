# SPDX-License-Identifier: GPL-2.0-or-later
"""hooks: scenarios for the whole hook; made, carried to a machine, run there, read back.

A scenario is a rule set, a family and a hook; its places are the contenders, each in a
namespace of its own (kernel/guest.sh); its runs are what is sent there. A machine is
user-mode Linux, where nanoseconds are true, or an emulated one that counts
instructions.
"""
import collections
import json
import os
import shutil
import subprocess
import tarfile

import measure
from measure import BUILD, TOP

BUNDLE = os.path.join(BUILD, 'hook')
VM_KERNEL = '6.12'
COLD_BYTES = 32 << 20       # walked before a packet
COLD_PACKETS = 64
# With the mitigations that this kernel chooses for itself, which call by retpolines.
APPEND = 'mitigations=auto spectre_v2=retpoline'

Place = collections.namedtuple('Place', 'name judged kind file', defaults=('',))


class Failed(Exception):
    """Nothing could be measured; says why."""


class Rules(collections.namedtuple('Rules', 'kind n six traffic drop hook packets counter',
                                   defaults=('rules', False, 'input', 1000, False))):
    """A rule set and its packets; make() writes it in one form."""

    @property
    def name(self):
        words = [self.kind, '6' if self.six else '4', str(self.n)]
        words += [self.traffic] if self.traffic != 'rules' else []
        words += ['drop' if self.drop else 'accept', self.hook]
        words += ['counter'] if self.counter else []
        return '-'.join(words)

    @property
    def packets_file(self):
        return '%s-%d.packets' % (self.name, self.packets)

    def make(self, form='rules', own=False):
        """Returns the file's name among the bundle's sets."""
        suffix = {'list': 'list', 'iptables': 'iptables'}.get(form, 'nft')
        words = [self.name] + ([form] if form != 'rules' else []) + (['own'] if own else [])
        name = '%s.%s' % ('-'.join(words), suffix)
        command = [os.path.join(BUILD, 'gen'), '--traffic', self.traffic, '--form', form,
                   '--hook', self.hook, '--packets', str(self.packets)]
        command += ['-6'] if self.six else []
        command += ['--drop'] if self.drop else []
        command += ['--own-table'] if own else []
        command += ['--counter'] if self.counter else []
        command += [self.kind, str(self.n), path_of(name), path_of(self.packets_file)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return name


def path_of(name):
    return os.path.join(BUNDLE, 'sets', name)


def write_set(name, text):
    with open(path_of(name), 'w', encoding='ascii') as file:
        file.write(text)
    return name


def write_cold(rules):
    """A few of the packets, from all over."""
    with open(path_of(rules.packets_file), encoding='ascii') as file:
        lines = file.readlines()
    step = max(1, len(lines) // COLD_PACKETS)
    return write_set(rules.packets_file.replace('.packets', '-cold.packets'),
                     ''.join(lines[::step][:COLD_PACKETS]))


def write_chain(hook, rule, name):
    """A policy of one chain that accepts all."""
    return write_set(name, 'table inet bench {\n\tchain %s {\n\t\ttype filter hook %s priority '
                     'filter; policy accept;\n%s\t}\n}\n' % (hook, hook,
                                                            '\t\t%s\n' % rule if rule else ''))


class Plan:
    """What a machine is to do: lines for its shell."""

    def __init__(self):
        self.lines, self.about = [], {}

    def do(self, *words):
        self.lines.append(' '.join("'%s'" % word if set(word) & set(' :<>()') else word
                                   for word in words))

    def scenario(self, name, six, hook, places, **about):
        """@about: what is known of its runs."""
        self.about[name] = dict(about, family=6 if six else 4, direction=hook)
        self.do('scenario', name, '6' if six else '4', hook)
        for place in places:
            self.do('place', place.name, place.judged, place.kind,
                    *([place.file] if place.file else []))

    def run(self, name, packets, *options):
        self.do('run', name, *options, '"$BUNDLE/sets/%s"' % packets)


LEVELS = (Place('loop', ':', 'loop'), Place('none', ':', 'none'))


def level_places(hook):
    """What no rules are in; not judged, for they accept everything."""
    counter = write_chain(hook, 'counter', 'level-counter-%s.nft' % hook)
    empty = write_chain(hook, '', 'level-accept-%s.nft' % hook)
    return LEVELS + (Place('accept', ':', 'accept'), Place('accept-file', ':', 'nsfence', empty),
                     Place('nft-counter', ':', 'nft', counter),
                     Place('nsfence-counter', ':', 'nsfence', counter),
                     Place('bpf-accept', ':', 'bpf'))


# ---- programs ----

def build_programs():
    done = subprocess.run(['make', '-s', 'tools', 'build/bench/gen', 'build/bench/hookdrive',
                           'build/bench/hookbpf'], cwd=TOP, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit('hook: what measures does not compile:\n' + done.stdout)


def libraries(program):
    out = subprocess.run(['ldd', program], stdout=subprocess.PIPE, text=True, check=False).stdout
    return [word for line in out.splitlines() for word in line.split() if word.startswith('/')]


def bundle_begin():
    """The programs; the sets come as the plan is made."""
    shutil.rmtree(BUNDLE, ignore_errors=True)
    for part in ('bin', 'sets', 'lib'):
        os.makedirs(os.path.join(BUNDLE, part))
    programs = [os.path.join(BUILD, 'hookdrive'), os.path.join(BUILD, 'hookbpf'),
                os.path.join(TOP, 'build', 'nsfence')]
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    legacy = shutil.which('xtables-legacy-multi', path=path)
    if legacy:
        programs.append(legacy)
        for place in ('/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib/xtables',
                      os.path.join(os.path.dirname(legacy), '../lib/x86_64-linux-gnu/xtables')):
            if os.path.exists(os.path.join(place, 'libxt_tcp.so')) or \
                    os.path.exists(os.path.join(place, 'libxt_standard.so')):
                shutil.copytree(place, os.path.join(BUNDLE, 'xtables'), dirs_exist_ok=True)
    for program in programs:
        shutil.copy(program, os.path.join(BUNDLE, 'bin'))
        for library in libraries(program):
            # The C library is the machine's own.
            if not os.path.basename(library).startswith(('ld-linux', 'libc.so')):
                shutil.copy(library, os.path.join(BUNDLE, 'lib'))
    shutil.copy(os.path.join(TOP, 'tests/bench/kernel/guest.sh'), BUNDLE)


# ---- machines ----

def shell(*command, **more):
    return subprocess.run(command, cwd=TOP, check=False, text=True, **more)


def must(*command):
    done = shell(*command)
    if done.returncode:
        raise Failed('%s failed' % ' '.join(os.path.basename(c) for c in command[:2]))


def plan_write(plan, where):
    name = os.path.join(BUNDLE, 'plan-' + where)
    with open(name, 'w', encoding='ascii') as file:
        file.write('#!/bin/bash\nBUNDLE=${0%%/*}\n. "$BUNDLE/guest.sh"\n%s\n' %
                   '\n'.join(plan.lines))
    os.chmod(name, 0o755)
    return name


def run_uml(plan, seconds):
    bench = os.path.join(BUILD, 'kernel', 'uml')
    must('scripts/uml', 'fetch')
    must('scripts/uml', 'module')
    must('scripts/uml', 'module', '--dir', 'tests/bench/kernel/module', '--out', bench)
    name = plan_write(plan, 'uml')
    return shell('scripts/uml', 'run', '--timeout', str(seconds), '--module',
                 os.path.join(bench, 'hookbench.ko'), '--', 'bash', name, stdout=subprocess.PIPE)


def run_icount(plan, seconds, cpu='max'):
    bench = os.path.join(BUILD, 'kernel', VM_KERNEL)
    must('scripts/kernels', 'fetch', VM_KERNEL)
    must('scripts/kernels', 'module', VM_KERNEL)
    must('scripts/kernels', 'module', VM_KERNEL, '--dir', 'tests/bench/kernel/module', '--out', bench)
    plan_write(plan, 'icount')
    archive = os.path.join(BUILD, 'hook.tar')
    with tarfile.open(archive, 'w') as tar:
        tar.add(BUNDLE, arcname='hook')
    return shell('scripts/vm', 'run', '--icount', '--cpu', cpu, '--timeout', str(seconds),
                 '--mem', '3072', '--append', APPEND, '--put', archive, '--module',
                 os.path.join(bench, 'hookbench.ko'), VM_KERNEL, '--', 'bash', '-c',
                 'tar -C /tmp -xf /nsfence/.run/hook.tar && bash /tmp/hook/plan-icount',
                 stdout=subprocess.PIPE)


class Found:
    """What a machine printed: figures[scenario, run][place], notes, and the clock."""

    def __init__(self, text):
        self.figures, self.notes, self.failed, self.clock, self.facts = {}, [], [], {}, {}
        at = None
        for line in text.splitlines():
            word, _, rest = line.partition(' ')
            if word == 'run':
                at = tuple(rest.split(' ', 1))
            elif word == 'note':
                self.notes.append(rest.split(' ', 2))
            elif word == 'failed':
                self.failed.append(rest)
            elif word in ('kernel', 'nft', 'pipapo'):
                self.facts[word] = rest
            elif line.startswith('{'):
                got = json.loads(line)
                if 'place' in got:
                    self.figures.setdefault(at, {})[got['place']] = got
                else:
                    self.clock = got

    def scale(self):
        """Nanoseconds, or instructions, that a tick is."""
        return self.clock['ns_per_tick']

    def added(self, at, place, which='min'):
        """What it costs more than the empty hook, in ticks; None: not there."""
        figures = self.figures.get(at, {})
        if place not in figures or 'none' not in figures:
            return None
        return figures[place][which] - figures['none'][which]


def run_machine(where, plan, seconds, **more):
    done = (run_uml if where == 'uml' else run_icount)(plan, seconds, **more)
    with open(os.path.join(BUILD, 'hook-%s.log' % where), 'w', encoding='utf-8') as file:
        file.write(done.stdout)
    found = Found(done.stdout)
    if done.returncode:
        raise Failed('the machine ended with %d' % done.returncode)
    if not found.clock:
        raise Failed('the machine did not tell its clock')
    return found


def build():
    measure.build()
    build_programs()
