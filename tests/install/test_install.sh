#!/bin/sh
# The library as its users meet it: installed, found by pkg-config, and linked as
# README.md says, shared and static; in a program that is static altogether; the manual
# page of a function leads somewhere.
#
#	test_install.sh BUILD SOURCE
set -eu
build=$1 source=$2
command -v pkg-config >/dev/null || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

meson install -C "$build" --no-rebuild --quiet --destdir "$dir/root"
pc=$(find "$dir/root" -name brood.pc)
lib=$(dirname "$(dirname "$pc")")
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

# links FLAGS...: makes $dir/raise, static altogether; its linker always warns of dlopen().
links() {
	"${CC:-cc}" -static -std=gnu17 "$@" -linih -o "$dir/raise" 2>"$dir/link.err"
}

# raises: runs it. No name is known but main's.
raises() {
	status=0
	"$dir/raise" 2>"$dir/raise.err" || status=$?
	[ "$status" = 1 ]
	sed -i 's/+0x[0-9a-f]*$/+N/' "$dir/raise.err"
	diff "$dir/raise.err" - <<-END
		Process raises:
		Traceback (most recent call last):
		  File "$dir/raise", at +N
		RuntimeError: in a child
		Traceback (most recent call last):
		  File "$dir/raise", in main+N
		RuntimeError: in the program
	END
}

# shellcheck disable=SC2046 # lists
runs linked $(pkg-config --cflags --libs brood)
if [ -e "$lib/libbrood.a" ]; then
	# shellcheck disable=SC2046
	runs static $(pkg-config --cflags --libs-only-L brood) -Wl,-Bstatic -lbrood -Wl,-Bdynamic \
		-linih -pthread -ldl
	echo 'int main(void) { return 0; }' >"$dir/empty.c"
	if links "$dir/empty.c"; then # there is a static C library
		# shellcheck disable=SC2046
		links "$source/tests/install/raise.c" $(pkg-config --cflags --libs-only-L brood) -lbrood ||
			cat "$dir/link.err"
		raises
	fi
fi

man3=$(find "$dir/root" -type d -name man3)
[ "$(cat "$man3/brood_start.3")" = '.so man3/brood_process.3' ]
[ -s "$man3/brood_process.3" ]
