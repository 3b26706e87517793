#!/bin/sh
# The library as its users meet it: installed, found by pkg-config, and linked as
# README.md says, shared and static; the manual page of a function leads somewhere.
#
#	test_install.sh BUILD SOURCE
set -eu
build=$1 source=$2
command -v pkg-config >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

meson install -C "$build" --no-rebuild --quiet --destdir "$dir/root"
pc=$(find "$dir/root" -name brood.pc)
lib=$(dirname "$(find "$dir/root" -name libbrood.a)")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR="$dir/root"

# runs NAME FLAGS...: compiles hello with the flags, and runs it.
runs() {
	name=$1
	shift
	"${CC:-cc}" -std=gnu17 -Wall -Wextra -Werror "$source/examples/hello.c" "$@" -o "$dir/$name"
	LD_LIBRARY_PATH=$lib "$dir/$name" | sort >"$dir/$name.out"
	printf 'Process-1 has job 1: a.txt\nProcess-2 has job 2: b.txt\n' | diff - "$dir/$name.out"
}

# shellcheck disable=SC2046 # lists
runs shared $(pkg-config --cflags --libs brood)
# shellcheck disable=SC2046
runs static $(pkg-config --cflags --libs-only-L brood) -Wl,-Bstatic -lbrood -Wl,-Bdynamic -linih

man3=$(find "$dir/root" -type d -name man3)
[ "$(cat "$man3/brood_start.3")" = '.so man3/brood_process.3' ]
[ -s "$man3/brood_process.3" ]
