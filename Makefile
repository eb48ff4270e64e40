# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make help` lists the targets.  Nothing is detected from the host: what a
# build needs is named here, and `make setup` installs it.

PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/vendor-completions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=
VERSION := 0.1.0

CC ?= cc
PKG_CONFIG ?= pkg-config
B ?= build

# SAN=1: address and undefined behaviour sanitizers; CI=1: warnings are errors.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
CFLAGS ?= -Os -g
STD := -std=gnu11 -D_GNU_SOURCE -iquote lib -fno-strict-aliasing \
	-ffunction-sections -fdata-sections -DWGQ_VERSION='"$(VERSION)"'
ifdef SAN
B := $(B)/san
STD += -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
else
STD += -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fno-asynchronous-unwind-tables
endif
ifdef CI
WARN += -Werror
endif
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# The rooms of lib/ in their order: each may use itself and those before it.
ROOMS := base conf fw hook plan net sys apply
upto = $(shell echo $(ROOMS) | sed 's/\b$(1)\b.*/$(1)/')
reverse = $(shell echo $(1) | tr ' ' '\n' | tac)
archives = $(foreach r,$(call reverse,$(call upto,$(1))),$(B)/$(r).a)

PACKAGES := build-essential pkg-config libmnl-dev libc-ares-dev
CHECK_PACKAGES := libcmocka-dev libsodium-dev bats clang clang-format clang-tidy \
	libclang-rt-dev valgrind strace iproute2 iptables nftables \
	wireguard-tools wireguard-go qemu-system-x86 busybox-static cpio kmod \
	xz-utils zstd netcat-openbsd procps iputils-ping mandoc man-db zsh fish \
	shellcheck

# Debian 12 ships no libmnl.a; Debian 13's links there.
MNL_A := $(firstword $(wildcard /usr/lib/*/libmnl.a) $(B)/deps/libmnl.a)
CARES_A := $(shell $(PKG_CONFIG) --variable=libdir libcares)/libcares.a
LIBS := $(MNL_A) $(CARES_A)

CMD_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard cmd/*.c))
UNIT_SRC := $(filter-out tests/unit/lib_%,$(wildcard tests/unit/*.c))
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))

all: $(B)/wgq

$(B)/wgq: $(B)/wgq.debug
	$(call say,STRIP,$@)
	$(Q)strip -o $@.tmp $<
	$(Q)if readelf -lW $@.tmp | grep -qw INTERP || \
		readelf -dW $@.tmp | grep -qw NEEDED; then \
		echo "$@: is not static: it has an interpreter or needs a" \
			"shared library" >&2; exit 1; fi
	$(Q)size=$$(stat -c %s $@.tmp); echo "  $@ is $$size bytes, static"; \
		if [ $$size -gt 1300000 ]; then \
		echo "$@: more than 1300000 bytes" >&2; exit 1; fi
	$(Q)mv $@.tmp $@

$(B)/wgq.debug: $(CMD_OBJ) $(call archives,apply) $(MNL_A)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -Wl,--gc-sections -o $@ \
		$(CMD_OBJ) -Wl,--start-group $(call archives,apply) $(LIBS) \
		-Wl,--end-group

$(B)/deps/libmnl.a:
	$(Q)tests/fetch-deb trixie $(B)/deps libmnl-dev
	$(Q)cp "$$(find $(B)/deps/usr -name libmnl.a)" $@

$(B)/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# What a ruleset of thousands of rules goes through.
$(addprefix $(B)/lib/,base/arena.o fw/nft_attr.o fw/nft_expr.o): CFLAGS += -O2

define room
$$(B)/$(1).a: $$(patsubst %.c,$$(B)/%.o,$$(wildcard lib/$(1)/*.c))
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# tests/unit/ROOM_topic.c links its room and those above it, nothing else: the
# link line proves the boundary.  tests/unit/lib_*.c is shared by the tests.
room_of = $(firstword $(subst _, ,$(notdir $(1))))
UNIT_LIB := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/lib_*.c))
define unit
$$(B)/unit/$(1): $$(B)/tests/unit/$(1).o $$(UNIT_LIB) \
		$$(call archives,$$(call room_of,$(1))) $$(MNL_A)
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(STD) $$(CFLAGS) $$(LDFLAGS) -Wl,--gc-sections -o $$@ \
		$$(filter %.o,$$^) -Wl,--start-group \
		$$(call archives,$$(call room_of,$(1))) $$(LIBS) \
		-Wl,--end-group -lcmocka -lsodium
endef
$(foreach u,$(notdir $(UNIT)),$(eval $(call unit,$(u))))

# Tests that run on a fake kernel share it.
FAKE := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/fake/*.c))
$(filter $(B)/unit/apply_% $(addprefix $(B)/unit/net_,kernel% nft firewall), \
		$(UNIT)): $(FAKE)

help:
	@echo "make            build $(B)/wgq"
	@echo "make demo       a tunnel between two hosts in a virtual machine"
	@echo "make check      every test: units, fuzz corpora, virtual machine"
	@echo "make setup      install the packages that the others need"
	@echo "make install    DESTDIR= PREFIX=, and make uninstall"
	@echo "make unit       build the unit tests; make check-unit runs them"
	@echo "make check-vm   run tests/behaviour/*.bats in the virtual machine"
	@echo "make oracle     compare with wg-quick, conf by conf"
	@echo "make bench      compare the time with wg-quick and with the floor"
	@echo "make bench-firewall  the same beside many firewall rules"
	@echo "make hooks-report  how the hooks of the corpus run"
	@echo "make iptables-diff  compare with iptables, command by command"
	@echo "make fuzz       fuzz the parsers, SECONDS= each"
	@echo "make golden     write the expected plans anew, for review"
	@echo "make lint       include order, style, clang-tidy"
	@echo "make vm-shell   a root shell in the virtual machine"
	@echo "make dist       a source archive"
	@echo "make clean      remove $(B)/"
	@echo "Variables: V=1 shows commands, SAN=1 builds with sanitizers,"
	@echo "CI=1 makes warnings errors."

# Says what it installs, and asks the registry only for what is missing.
define need
	@missing=$$(dpkg-query -W -f='$${Package} $${Status}\n' $(1) 2>/dev/null | \
		sed -n 's/ install ok installed$$//p' | sort > $(B)/.have; \
		printf '%s\n' $(1) | sort | comm -23 - $(B)/.have); \
	if [ -n "$$missing" ]; then \
		echo "installing" $$missing; \
		as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		$$as_root apt-get -qq update && \
		DEBIAN_FRONTEND=noninteractive $$as_root apt-get -qq install -y \
			--no-install-recommends $$missing >/dev/null; \
	fi
endef

$(B):
	@mkdir -p $@
setup-build: | $(B)
	$(call need,$(PACKAGES))
setup: | $(B)
	$(call need,$(PACKAGES) $(CHECK_PACKAGES))

unit: $(UNIT)

# tests/fuzz/ROOM_topic.c are libFuzzer targets; with replay.c in the fuzzer's
# place any compiler makes a program that feeds them files.
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c,\
	$(wildcard tests/fuzz/*.c)))
REPLAY := $(addprefix $(B)/fuzz/,$(FUZZ_NAMES))
define fuzz
$$(B)/fuzz/$(1): $$(B)/tests/fuzz/$(1).o $$(B)/tests/fuzz/replay.o \
		$$(call archives,$$(call room_of,$(1))) $$(MNL_A)
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(STD) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) \
		-Wl,--start-group $$(call archives,$$(call room_of,$(1))) \
		$$(LIBS) -Wl,--end-group
$$(B)/libfuzzer/$(1): tests/fuzz/$(1).c $$(MNL_A)
	$$(call say,FUZZ,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)clang $$(STD) -g -O1 -fsanitize=fuzzer,address,undefined -o $$@ \
		$$< $$(foreach r,$$(call upto,$$(call room_of,$(1))),\
		$$(wildcard lib/$$(r)/*.c)) $$(LIBS)
endef
$(foreach f,$(FUZZ_NAMES),$(eval $(call fuzz,$(f))))

SECONDS ?= 60
fuzz: $(addprefix $(B)/libfuzzer/,$(FUZZ_NAMES))
	@for f in $(FUZZ_NAMES); do \
		mkdir -p $(B)/corpus/$$f tests/fuzz/crashers/$$f; \
		seeds=tests/fuzz/corpus/$$f; \
		[ -d $$seeds ] || seeds=tests/fuzz/corpus/$${f%%_*}; \
		[ -d $$seeds ] || seeds=; \
		echo "fuzzing $$f for $(SECONDS) s"; \
		$(B)/libfuzzer/$$f -max_total_time=$(SECONDS) \
			-verbosity=0 -print_final_stats=1 \
			-artifact_prefix=tests/fuzz/crashers/$$f/ \
			$(B)/corpus/$$f $$seeds || exit 1; \
		rmdir --ignore-fail-on-non-empty tests/fuzz/crashers/$$f; \
	done

# What CI and a newcomer run: everything, with one line of totals at the end.
# The machine has a processor of its own, so it runs beside the rest.
check: setup
	@$(MAKE) --no-print-directory all unit replay
	@$(MAKE) --no-print-directory SAN=1 unit replay
	@{ $(MAKE) -s --no-print-directory check-vm >$(B)/vm.tap 2>&1 & \
	   $(MAKE) -s --no-print-directory check-lint; \
	   $(MAKE) -s --no-print-directory check-unit; \
	   $(MAKE) -s --no-print-directory SAN=1 check-unit check-replay; \
	   $(MAKE) -s --no-print-directory check-host; \
	   $(MAKE) -s --no-print-directory check-oracle; \
	   wait; cat $(B)/vm.tap; } 2>&1 | tests/tap-summary

replay: $(REPLAY)
# The sanitizers slow the longest two by a factor of ten: one conf is swept
# then, and the comparisons with bash, which is most of what they run, are left
# to the others.
SLOW := %/hook_shell %/hook_script_bash
ifdef SAN
check-unit: $(UNIT)
	@ONLY=full.conf tests/run-unit $(filter-out $(SLOW),$(sort $(UNIT)))
else
check-unit: $(UNIT)
	@tests/run-unit $(sort $(UNIT))
endif
check-replay: $(REPLAY)
	@tests/run-replay $(sort $(REPLAY))
check-valgrind: $(UNIT)
	@WRAP="valgrind -q --error-exitcode=101 --leak-check=full" \
		tests/run-unit $(filter-out $(SLOW),$(sort $(UNIT))) | \
		tests/tap-summary

# Tests of the command line that need no kernel but this machine's.
HOST_BATS := $(wildcard tests/packaging/*.bats tests/lint/*.bats)
check-host: $(B)/wgq
	@for f in $(HOST_BATS); do echo "# suite $$f"; \
		WGQ=$(B)/wgq B=$(B) bats --tap $$f; done

# The whole of tests/behaviour on the first kernel, the essentials on the next.
KERNEL ?= bookworm
check-vm: $(B)/wgq $(B)/unit/net_nft $(B)/unit/net_xtables
	@tests/vm/bats --kernel $(KERNEL) --timeout 1500 \
		$(wildcard tests/behaviour/*.bats)
	@tests/vm/bats --kernel trixie --timeout 600 \
		tests/behaviour/updown.bats tests/behaviour/netfilter.bats

check-lint:
	@n=0; echo "# suite lint"; echo 1..2; \
	for l in rooms style; do n=$$((n + 1)); \
		if tests/lint/$$l; then echo "ok $$n - lint $$l"; \
		else echo "not ok $$n - lint $$l"; fi; done

lint:
	tests/lint/rooms
	tests/lint/style
	tests/lint/tidy

# The real wg-quick is the newest one, a script that runs anywhere; its wg is
# built for a newer C library than Debian 12's, so that comes with it.
$(B)/oracle/usr/bin/wg-quick:
	@tests/fetch-deb sid $(B)/oracle wireguard-tools libc6
oracle: setup $(B)/wgq $(B)/oracle/usr/bin/wg-quick
	tests/vm/run --timeout 7200 --out $(B)/oracle.out -- \
		tests/oracle/run --wgq $(B)/wgq --oracle $(B)/oracle \
		--out $(B)/oracle.out
SAMPLE ?= 8
check-oracle: $(B)/wgq $(B)/oracle/usr/bin/wg-quick
	@echo "# suite oracle"; echo 1..1; \
	if tests/vm/run --timeout 900 -- tests/oracle/run --wgq $(B)/wgq \
		--oracle $(B)/oracle --out /tmp/oracle --sample $(SAMPLE); \
	then echo "ok 1 - $(SAMPLE) confs like wg-quick"; \
	else echo "not ok 1 - $(SAMPLE) confs like wg-quick"; fi

$(B)/bench/%: tests/bench/%.c tests/bench/peers.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -static -o $@ $<
$(B)/bench/fwdump: $(B)/tests/bench/fwdump.o $(call archives,net) $(MNL_A)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) $(LDFLAGS) -static -Wl,--gc-sections \
		-o $@ $(filter %.o,$^) -Wl,--start-group \
		$(call archives,net) $(LIBS) -Wl,--end-group
bench: setup $(B)/wgq $(B)/oracle/usr/bin/wg-quick \
		$(addprefix $(B)/bench/,floor genconf measure)
	tests/vm/run --timeout 7200 -- tests/bench/run --wgq $(B)/wgq \
		--wg-quick $(B)/oracle/usr/bin/wg-quick --tools $(B)/bench

hooks-report: $(B)/wgq
	tests/hooks-report $(B)/wgq tests/README.md

# What the real iptables does, command by command, as root.
iptables-diff:
	tests/ipt/run

bench-firewall: setup $(B)/wgq $(B)/bench/dump
	tests/vm/run --timeout 3600 --mem 1024 -- tests/bench/forward \
		$(B)/wgq $(B)/bench/dump

demo: setup $(B)/wgq
	@tests/vm/run -- sh tests/demo $(B)/wgq
vm-shell: setup $(B)/wgq
	@tests/vm/run --shell

golden: $(B)/unit/plan_golden
	UPDATE=1 $< >/dev/null
	git diff --stat -- tests/golden

install: $(B)/wgq
	install -D -m 755 $(B)/wgq $(DESTDIR)$(BINDIR)/wgq
	install -D -m 644 man/wgq.8 $(DESTDIR)$(MANDIR)/man8/wgq.8
	install -D -m 644 man/wgq.conf.5 $(DESTDIR)$(MANDIR)/man5/wgq.conf.5
	install -D -m 644 completions/wgq.bash $(DESTDIR)$(BASHCOMPDIR)/wgq
	install -D -m 644 completions/_wgq $(DESTDIR)$(ZSHCOMPDIR)/_wgq
	install -D -m 644 completions/wgq.fish $(DESTDIR)$(FISHCOMPDIR)/wgq.fish

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/wgq $(DESTDIR)$(MANDIR)/man8/wgq.8 \
		$(DESTDIR)$(MANDIR)/man5/wgq.conf.5 \
		$(DESTDIR)$(BASHCOMPDIR)/wgq $(DESTDIR)$(ZSHCOMPDIR)/_wgq \
		$(DESTDIR)$(FISHCOMPDIR)/wgq.fish

dist:
	git archive --prefix=wgq-$(VERSION)/ -o $(B)/wgq-$(VERSION).tar.gz HEAD

clean:
	rm -rf $(B)

-include $(shell find $(B)/lib $(B)/cmd $(B)/tests -name '*.d' 2>/dev/null)
.PHONY: all help setup setup-build unit golden install uninstall dist clean \
	check check-unit check-replay check-valgrind check-host check-vm \
	check-lint check-oracle replay fuzz lint oracle bench demo vm-shell \
	bench-firewall hooks-report iptables-diff
.DELETE_ON_ERROR:
.SECONDARY:
