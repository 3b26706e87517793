/* SPDX-License-Identifier: MIT */

#include "heap/reserve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static uint64_t limit_of(__rlimit_resource_t resource)
{
	struct rlimit limit;
	if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

/* valgrind's search for leaks reads the whole reserve, and so takes memory for all of it. */
static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return preloaded && strstr(preloaded, "/vgpreload_");
}

bool reserve_parse(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	if (*text < '0' || *text > '9')
		return false;
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (errno || !value)
		return false;
	unsigned shift = 0;
	if (*end) {
		const char *suffix = strchr(suffixes, *end & ~0x20);
		if (!suffix || end[1])
			return false;
		shift = 10 * (unsigned)(suffix - suffixes + 1);
	}
	if (value > UINT64_MAX >> shift)
		return false;
	*ret = value << shift;
	return true;
}

int reserve_size(uint64_t *ret, char *sentence, size_t size)
{
	uint64_t reserve = RESERVE_MAX;
	const char *wanted = getenv("BROOD_HEAP_SIZE");
	bool given = wanted && *wanted;
	const char *reason = "RLIMIT_AS (ulimit -v): raise it, or set BROOD_HEAP_SIZE";
	if (given) {
		if (!reserve_parse(wanted, &reserve)) {
			snprintf(sentence, size,
				 "BROOD_HEAP_SIZE is '%s': write bytes, or a number with one of "
				 "the suffixes K, M, G, T",
				 wanted);
			return -EINVAL;
		}
		reason = "BROOD_HEAP_SIZE: raise it";
	} else {
		if (limit_of(RLIMIT_AS) / 8 < reserve)
			reserve = limit_of(RLIMIT_AS) / 8;
		if (under_valgrind() && reserve > RESERVE_VALGRIND)
			reserve = RESERVE_VALGRIND;
	}
	if (reserve > RESERVE_MAX)
		reserve = RESERVE_MAX;
	/* Asked for more, ftruncate kills with SIGXFSZ. */
	if (limit_of(RLIMIT_FSIZE) < reserve) {
		reserve = limit_of(RLIMIT_FSIZE);
		reason = "RLIMIT_FSIZE (ulimit -f): raise it";
	}
	if (reserve < RESERVE_MIN) {
		snprintf(sentence, size,
			 "the shared heap needs %" PRIu64 " bytes and may have %" PRIu64 " by %s",
			 RESERVE_MIN, reserve, reason);
		return -ENOMEM;
	}
	*ret = reserve & ~(uint64_t)4095;
	return 0;
}

const char *reserve_advice(uint64_t reserve)
{
	return reserve < RESERVE_MAX ? ", or set a larger BROOD_HEAP_SIZE" : "";
}
