/* SPDX-License-Identifier: MIT */
/*
 * glibc's localtime_r() and gmtime_r() take a lock that fork() does not look
 * after: in a child that is forked while another thread holds it, they wait for
 * ever. So the offsets from UTC of the next years are asked for once, before
 * there is a handler to use them, and kept in a table; the calendar is computed
 * here. Times outside the table have the offset of its nearest end. A change of
 * TZ after the first use is not seen.
 */

#include "log/zone.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400, STEP = 14 * DAY, YEARS = 10, SPANS = 64 };

/* From `from` on, until the next one's. */
typedef struct zone_span {
	time_t from;
	long offset;
	int dst;
	char name[16];
} zone_span;

typedef struct table {
	size_t count;
	zone_span spans[SPANS];
} table;

static table *_Atomic known;
static struct timespec loaded;

__attribute__((constructor)) static void note_load(void)
{
	clock_gettime(CLOCK_REALTIME, &loaded);
}

int64_t zone_loaded_at(void)
{
	return (int64_t)loaded.tv_sec * 1000000000 + loaded.tv_nsec;
}

static zone_span ask(time_t when)
{
	struct tm local;
	zone_span span = {.from = when};
	if (localtime_r(&when, &local)) {
		span.offset = local.tm_gmtoff;
		span.dst = local.tm_isdst;
		snprintf(span.name, sizeof(span.name), "%s", local.tm_zone);
	}
	return span;
}

static bool same(const zone_span *a, const zone_span *b)
{
	return a->offset == b->offset && a->dst == b->dst && strcmp(a->name, b->name) == 0;
}

/* The first second at which the rules are no longer those at low; at high they differ. */
static zone_span change_between(zone_span low, zone_span high)
{
	while (high.from - low.from > 1) {
		zone_span middle = ask(low.from + (high.from - low.from) / 2);
		if (same(&middle, &low))
			low = middle;
		else
			high = middle;
	}
	return high;
}

static table *make(void)
{
	table *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	tzset();
	time_t start = loaded.tv_sec - STEP;
	zone_span last = ask(start);
	made->spans[made->count++] = last;
	for (time_t t = start; t < start + (time_t)YEARS * 366 * DAY; t += STEP) {
		zone_span next = ask(t + STEP);
		if (!same(&last, &next) && made->count < SPANS)
			made->spans[made->count++] = change_between(last, next);
		last = next;
	}
	return made;
}

void zone_prepare(void)
{
	table *made = known ? NULL : make(), *none = NULL;
	if (made && !atomic_compare_exchange_strong(&known, &none, made))
		free(made);
}

/* The civil date of a day counted from 1970-01-01, by eras of 400 years that begin in March. */
static void set_date(int64_t day, struct tm *ret)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t shifted = day + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	ret->tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1);
	ret->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	year += era * 400 + (month >= 10);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	ret->tm_year = (int)(year - 1900);
	ret->tm_yday = before[ret->tm_mon] + ret->tm_mday - 1 + (leap && ret->tm_mon > 1);
	ret->tm_wday = (int)(((day + 4) % 7 + 7) % 7);
}

void zone_local(time_t when, struct tm *ret)
{
	static const table utc = {.count = 1, .spans = {{.name = "UTC"}}};
	zone_prepare();
	const table *rules = known;
	if (!rules)
		rules = &utc;
	const zone_span *span = rules->spans;
	for (size_t i = 1; i < rules->count && rules->spans[i].from <= when; i++)
		span = &rules->spans[i];
	int64_t local = (int64_t)when + span->offset;
	int64_t day = (local >= 0 ? local : local - DAY + 1) / DAY;
	int seconds = (int)(local - day * DAY);
	*ret = (struct tm){.tm_hour = seconds / 3600,
			   .tm_min = seconds / 60 % 60,
			   .tm_sec = seconds % 60,
			   .tm_isdst = span->dst,
			   .tm_gmtoff = span->offset,
			   .tm_zone = span->name};
	set_date(day, ret);
}
