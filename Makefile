# The commands of this project. Meson does the work; see CONTRIBUTING.md.

PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR

.PHONY: build demo check bench install docs format lint sanitize clean help deps

build: deps	## build the library (in build/)
	@scripts/build build
	@ninja -C build

demo: deps	## build, and run the thirteen programs of the tutorial
	@scripts/build build
	@scripts/demo build

check: deps	## all tests, in every build that this machine can make
	@scripts/check

sanitize: deps	## only the tests under sanitizers
	@scripts/check asan tsan

bench: deps	## what starts, messages and locks cost, beside their peers
	@scripts/build build-bench --buildtype=release -Dtests=false
	@ninja --quiet -C build-bench bench-programs
	@build-bench/bench/start -p build-bench/start.svg
	@build-bench/bench/queue 5 build-bench/queue.svg
	@build-bench/bench/lock 15 build-bench/lock.svg

install: deps	## install to PREFIX, under DESTDIR
	@scripts/build build-install --buildtype=release -Dtests=false --prefix=$(PREFIX)
	@meson install -C build-install --quiet
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

docs:	## put the compiled samples into README, guide and manual pages anew
	@scripts/samples

format:	## format all C with clang-format
	@git ls-files '*.c' '*.h' | xargs clang-format -i

lint: deps	## clang-tidy, cppcheck and shellcheck, where installed
	@scripts/lint

clean:	## remove what was built
	@rm -rf build build-*

deps:
	@scripts/deps

help:	## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18
