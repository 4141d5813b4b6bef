# SPDX-License-Identifier: GPL-2.0-or-later
# nsfence: `make help` lists what there is. Everything made goes below build/.

VERSION := $(shell sed -n 's/^.define NSF_VERSION "\(.*\)"/\1/p' module/version.h)

PREFIX	   ?= /usr/local
SBINDIR	   ?= $(PREFIX)/sbin
MANDIR	   ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
DATADIR	   ?= $(PREFIX)/share/nsfence
UNITDIR	   ?= /usr/lib/systemd/system
MODLOADDIR ?= /usr/lib/modules-load.d
SRCDIR	   ?= /usr/src/nsfence-$(VERSION)
DESTDIR	   ?=
KDIR	   ?= /lib/modules/$(shell uname -r)/build

CC	?= gcc
CFLAGS	?= -O2 -g
WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wformat=2 -Wundef -Wvla
HARDEN	:= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
BASE	:= -std=gnu11 -D_GNU_SOURCE -Idaemon -Imodule -Ibuild/gen -DNSF_VERSION='"$(VERSION)"' \
	   -DNSF_CONFDIR='"$(SYSCONFDIR)/nsfence"' -MMD -MP $(WARN)
# libnftables loads, libnftnl reads back: the nft backend.
LIBS	:= -lmnl -lnftables -lnftnl -ljansson -linih -lsystemd -lpthread

# The data flow of user space is in the file names; the two programs are the
# mains (with the commands), all else is a library they share.
CLI	:= daemon/nsfence.c $(sort $(wildcard daemon/cmd*.c))
DAEMON	:= daemon/nsfenced.c
# What the module and user space share: the very files that the kernel runs.
BOTH	:= module/classify.c module/headers.c module/image_check.c module/image_hash.c \
	   module/index.c module/index_check.c
# Made of the policy's lexer and grammar; with the header first, for those who include it.
GEN	:= build/gen/policy/parse.tab.c build/gen/policy/lex.yy.c
SHARED	:= $(filter-out $(CLI) $(DAEMON),$(sort $(wildcard daemon/*.c daemon/policy/*.c))) \
	   $(wildcard $(BOTH)) $(GEN)
obj	= $(patsubst %.c,build/obj/%.o,$(1))

UNIT	:= $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
TESTERS	:= $(patsubst tests/netns/tools/%.c,build/tests/%,$(sort $(wildcard tests/netns/tools/*.c))) \
	   build/tests/oracle build/tests/policydiff

.PHONY: all tools module check check-long check-unit check-static check-cli check-vm \
	check-nft check-debug unit-tests demo fuzz bench install install-tools install-module uninstall clean help testers
.DELETE_ON_ERROR:

all: tools

help:
	@echo 'nsfence $(VERSION)'
	@echo
	@echo '  make demo          sets everything up and shows the main job in a virtual machine'
	@echo '  make check         sets everything up and passes all tests'
	@echo
	@echo '  make tools         build/nsfence and build/nsfenced (no kernel headers needed)'
	@echo '  make module        build/module/nsfence.ko; KDIR=DIR names the kernel headers'
	@echo '  make install       tools, manual pages, units, configuration, and the module if'
	@echo '                     `make module` was run; DESTDIR= PREFIX= as usual'
	@echo '  make uninstall     takes away what install put there (not your configuration)'
	@echo '  make clean         removes build/'
	@echo
	@echo '  make check-static  warnings, sparse, cppcheck, style and layer rules'
	@echo '  make check-unit    unit tests under ASan and UBSan'
	@echo '  make check-cli     the command line tools without a module'
	@echo '  make check-nft     the nft backend on this machine, in namespaces of its own'
	@echo '  make check-vm      real traffic on the stock kernels [KERNELS="5.10 6.1 6.12 7.x"]'
	@echo '  make check-debug   the debug kernel: each checker is on and catches a planted bug'
	@echo '  make check-long    all of it in its longer form'
	@echo '  make fuzz          fuzzers, FUZZ_SECONDS= each (300)'
	@echo '  make bench         measures the goals of tests/bench: a table, build/bench/bench.json, .svg'
	@echo
	@echo '  scripts/vm shell   a prompt in a virtual machine with everything installed'

# ---- user space -------------------------------------------------------------

tools: build/nsfence build/nsfenced

build/libnsf.a: $(call obj,$(SHARED))
	@rm -f $@
	$(AR) rcs $@ $^

build/nsfence: $(call obj,$(CLI)) build/libnsf.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -o $@ $^ $(LIBS) -lpcap

build/nsfenced: $(call obj,$(DAEMON)) build/libnsf.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -o $@ $^ $(LIBS)

build/obj/%.o: %.c Makefile module/version.h | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(BASE) $(HARDEN) $(CFLAGS) $(CPPFLAGS) -c -o $@ $<

build/gen/policy/%.tab.c: daemon/policy/%.y
	@mkdir -p $(@D)
	bison -Wall -o $@ --header=build/gen/policy/$*.tab.h $<

build/gen/policy/%.yy.c: daemon/policy/%.l build/gen/policy/parse.tab.c
	flex -o $@ $<

-include $(patsubst %.o,%.d,$(call obj,$(CLI) $(DAEMON) $(SHARED)))

# Make's own rules would write yacc's and lex's output into the source tree.
%.c: %.y
%.c: %.l

# ---- module -----------------------------------------------------------------

# Built in a copy, so that the source tree stays clean and may be read-only.
module:
	@test -d '$(KDIR)' || { echo 'make module: no kernel headers at $(KDIR)' >&2; \
	  echo '  install linux-headers-'"$$(uname -r)"', or name others: make module KDIR=DIR' >&2; exit 1; }
	@mkdir -p build/module
	@cp -pRu module/. build/module/
	$(MAKE) -C '$(KDIR)' M='$(CURDIR)/build/module' modules

# ---- tests ------------------------------------------------------------------

testers: $(TESTERS)

build/tests/%: tests/netns/tools/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) -Werror $(CFLAGS) -o $@ $< -lmnl

# A unit test names, in its first lines, the files of daemon/ that it links.
build/unit/%: tests/unit/%.c Makefile $(wildcard tests/unit/*.h) \
  $(wildcard daemon/*.[ch] daemon/policy/*.[ch]) $(wildcard $(BOTH) module/*.h module/uapi/*.h) $(GEN)
	@mkdir -p $(@D)
	$(CC) $(BASE) -MF $@.d -Itests/unit -Werror -O1 -g $(SANITIZE) \
	  $$(sed -n 's,^// ldflags: ,,p' $<) -o $@ $< \
	  $$(sed -n 's,^// links: ,,p' $< | tr ' ' '\n' | sed '/^$$/d; s,^,daemon/,') \
	  -lcmocka -Wl,--as-needed $(LIBS)

unit-tests: $(UNIT:%=build/unit/%)

# The policy stages under sanitizers: for the comparison with the reference
# (tests/policy, with CC), and for the fuzzers (an archive, with clang).
STAGES	:= $(filter daemon/policy/% module/% build/%,$(SHARED))
REF	:= $(filter-out tests/policy/diff.c,$(sort $(wildcard tests/policy/*.c)))
FUZZING	:= -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

build/policy/diff: $(patsubst %.c,build/san/%.o,$(STAGES) $(REF) tests/policy/diff.c)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^

# nft as the oracle: for here with sanitizers, and for virtual machines without.
ORACLE	:= $(sort $(wildcard tests/oracle/tools/*.c))

build/oracle/oracle: $(patsubst %.c,build/san/%.o,$(STAGES) $(ORACLE))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lmnl -lnftnl

# The nft backend by hand, with sanitizers.
NFTFENCE := tests/nft/tools/nftfence.c $(sort $(wildcard daemon/nft_*.c daemon/backend*.c \
	    daemon/genl*.c daemon/policies*.c)) daemon/err.c daemon/log.c daemon/utf8.c \
	    $(filter-out module/classify.c,$(STAGES))

build/nft/nftfence: $(patsubst %.c,build/san/%.o,$(NFTFENCE))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lmnl -lnftables -lnftnl

build/tests/rawpolicy: tests/netns/tools/rawpolicy.c tests/netns/tools/nl.h build/libnsf.a Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) -Werror $(CFLAGS) -o $@ $< build/libnsf.a -lmnl

build/tests/oracle: $(patsubst %.c,build/obj/%.o,$(ORACLE)) build/libnsf.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -o $@ $^ -lmnl -lnftnl

# It prints generated policies for the oracle.
build/tests/policydiff: $(patsubst %.c,build/obj/%.o,$(REF) tests/policy/diff.c) build/libnsf.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -o $@ $^

build/fuzz/libpolicy.a: $(patsubst %.c,build/fuzz/obj/%.o,$(STAGES) $(REF))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

build/san/%.o: %.c Makefile | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(BASE) -Werror -O1 -g $(SANITIZE) -c -o $@ $<

build/fuzz/obj/%.o: %.c Makefile | $(GEN)
	@mkdir -p $(@D)
	clang $(BASE) $(FUZZING) -c -o $@ $<

-include $(patsubst %.c,build/san/%.d,$(STAGES) $(REF) $(ORACLE) $(NFTFENCE) tests/policy/diff.c)
-include $(patsubst %.c,build/fuzz/obj/%.d,$(STAGES) $(REF))
-include $(patsubst %.c,build/obj/%.d,$(REF) $(ORACLE) tests/policy/diff.c)

# ---- measuring ------------------------------------------------------------------

# Rule sets and packets; and what runs them. The classifier is compiled as the
# kernel compiles it, for any machine of the architecture, so that instructions
# depend on the compiler alone (tests/bench/README.md).
BENCHGEN := $(sort $(wildcard tests/bench/gen/*.c))
BENCHRUN := $(sort $(wildcard tests/bench/run/*.c))
PLANE	:= $(sort $(wildcard tests/bench/plane/*.c))
HOOKUSER := $(sort $(wildcard tests/bench/kernel/*.c))
HOT	:= $(wildcard module/classify.c module/index.c)
HOTFLAGS := -O2 -g -fno-pie -fno-stack-protector -fno-strict-aliasing -fno-builtin -fno-jump-tables \
	   $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),-march=x86-64 -mtune=generic -mpopcnt \
	   -mgeneral-regs-only -fcf-protection=none)

build/bench/gen: $(call obj,$(BENCHGEN))
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -o $@ $^

build/bench/classify: $(call obj,$(BENCHRUN)) $(patsubst %.c,build/bench/obj/%.o,$(HOT)) build/libnsf.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -no-pie -o $@ $^

build/bench/plane: $(call obj,$(PLANE)) build/libnsf.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -Wl,--as-needed -o $@ $^ $(LIBS)

# What runs in the guest of tests/bench/hook.
build/bench/hookdrive: $(call obj,tests/bench/kernel/hookdrive.c tests/bench/run/packets.c) build/libnsf.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -o $@ $^

build/bench/hookbpf: $(call obj,tests/bench/kernel/hookbpf.c)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pie -o $@ $^

build/bench/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -Idaemon -Imodule -MMD -MP $(WARN) $(HOTFLAGS) -c -o $@ $<

bench:
	@scripts/setup tools module vm check bench
	@tests/bench/bench $(BENCH_ARGS)

-include $(patsubst %.c,build/bench/obj/%.d,$(HOT)) $(patsubst %.o,%.d,$(call obj,$(BENCHGEN) $(BENCHRUN) $(HOOKUSER) $(PLANE)))

check:
	@scripts/check

check-long:
	@scripts/check --long

check-unit check-static check-cli check-nft check-vm:
	@scripts/check $(@:check-%=%)

check-debug:
	@scripts/check debug

fuzz:
	@scripts/setup tools check
	@scripts/fuzz $(or $(FUZZ_SECONDS),300)

# Any of scripts/kernels list; this one needs no chroot to compile the module.
DEMO_KERNEL ?= 6.12

demo:
	@scripts/setup tools module vm
	@$(MAKE) --no-print-directory tools testers
	@scripts/kernels fetch $(DEMO_KERNEL)
	@scripts/kernels module $(DEMO_KERNEL)
	@scripts/demo $(DEMO_KERNEL)

# ---- installation -----------------------------------------------------------

UNITS := nsfenced.service nsfence@.service
MAN5 := $(sort $(wildcard daemon/man/*.5))
MAN8 := $(sort $(wildcard daemon/man/*.8))
POLICIES := $(sort $(wildcard conf/policies/*.nft))
EXAMPLES := $(sort $(wildcard conf/examples/*.conf))

install: install-tools
	@if test -f build/module/nsfence.ko; then $(MAKE) --no-print-directory install-module; \
	else echo 'no module was built (make module): not installed'; fi

install-tools: tools
	install -d '$(DESTDIR)$(SBINDIR)' '$(DESTDIR)$(MANDIR)/man5' '$(DESTDIR)$(MANDIR)/man8' \
	  '$(DESTDIR)$(UNITDIR)' '$(DESTDIR)$(MODLOADDIR)' \
	  '$(DESTDIR)$(DATADIR)/policies' '$(DESTDIR)$(DATADIR)/examples' \
	  '$(DESTDIR)$(SYSCONFDIR)/nsfence/nsfence.conf.d' \
	  '$(DESTDIR)$(SYSCONFDIR)/nsfence/policies' '$(DESTDIR)$(SYSCONFDIR)/nsfence/netns.d'
	install -m 0755 build/nsfence build/nsfenced '$(DESTDIR)$(SBINDIR)/'
	install -m 0644 $(MAN5) '$(DESTDIR)$(MANDIR)/man5/'
	install -m 0644 $(MAN8) '$(DESTDIR)$(MANDIR)/man8/'
	install -m 0644 $(POLICIES) '$(DESTDIR)$(DATADIR)/policies/'
	install -m 0644 $(EXAMPLES) '$(DESTDIR)$(DATADIR)/examples/'
	for u in $(UNITS); do \
	  sed -e 's,@SBINDIR@,$(SBINDIR),g' -e 's,@SYSCONFDIR@,$(SYSCONFDIR),g' "systemd/$$u.in" \
	    >"build/$$u" && install -m 0644 "build/$$u" '$(DESTDIR)$(UNITDIR)/' || exit 1; done
	install -m 0644 systemd/modules-load.d/nsfence.conf '$(DESTDIR)$(MODLOADDIR)/'
	test -e '$(DESTDIR)$(SYSCONFDIR)/nsfence/nsfence.conf' || \
	  install -m 0644 conf/nsfence.conf '$(DESTDIR)$(SYSCONFDIR)/nsfence/'

install-module:
	@r=$$(modinfo -F vermagic build/module/nsfence.ko | cut -d' ' -f1) && \
	d='$(DESTDIR)/lib/modules/'"$$r"'/updates' && echo "install nsfence.ko $$d" && \
	install -d "$$d" && install -m 0644 build/module/nsfence.ko "$$d/" && \
	if test -z '$(DESTDIR)'; then depmod "$$r"; fi

uninstall:
	rm -f '$(DESTDIR)$(SBINDIR)/nsfence' '$(DESTDIR)$(SBINDIR)/nsfenced' \
	  $(MAN5:daemon/man/%='$(DESTDIR)$(MANDIR)/man5/%') \
	  $(MAN8:daemon/man/%='$(DESTDIR)$(MANDIR)/man8/%') \
	  $(POLICIES:conf/%='$(DESTDIR)$(DATADIR)/%') \
	  $(EXAMPLES:conf/%='$(DESTDIR)$(DATADIR)/%') \
	  $(UNITS:%='$(DESTDIR)$(UNITDIR)/%') '$(DESTDIR)$(MODLOADDIR)/nsfence.conf'
	rm -f '$(DESTDIR)'/lib/modules/*/updates/nsfence.ko
	if test -z '$(DESTDIR)'; then depmod; fi
	@echo 'left alone: $(DESTDIR)$(SYSCONFDIR)/nsfence, $(DESTDIR)/var/lib/nsfence'

clean:
	rm -rf build
