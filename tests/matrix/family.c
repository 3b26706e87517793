/* SPDX-License-Identifier: MIT */

#include "family.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"
#include "brood/brood.h"
#include "fault.h"
#include "heap/map.h"
#include "heap/table.h"
#include "left.h"

static const double patience = 0.3; /* with one that has been stopped */

static int wrong;

static void tell(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, brood_error());
	wrong++;
}

static void nothing(void) {}

/* What a process that was ended by the test may have ended with. */
static bool is_of_the_test(int code)
{
	return code == 0 || code == -SIGKILL || code == -SIGSEGV || code == -SIGABRT ||
	       code == FAULT_EXIT_STATUS;
}

/* Of a process that may be NULL: its start fails if what it needs was killed. */
static void finish(brood_process *p, const char *name)
{
	if (!p && strlen(brood_error()) < 10)
		tell(name);
	if (!p)
		return;
	if (brood_process_join_timed(p, patience) < 0) {
		brood_process_kill(p);
		if (brood_process_join(p) < 0)
			tell(name);
	}
	if (!is_of_the_test(brood_process_exitcode(p)) && brood_process_exitcode(p) != 7)
		tell(name);
	brood_process_free(p);
}

/* A slot whose child has not come for ten seconds is given up: here, at once. */
static void age_reservations(void)
{
	for (uint32_t i = 0; i < HEAP_NEAR_SLOTS; i++)
		if (atomic_load(&map_slot(i)->state) != SLOT_FREE &&
		    !atomic_load(&map_slot(i)->pid))
			atomic_store(&map_slot(i)->started, 0);
}

static void expect(const char *what, size_t before, size_t after)
{
	if (before == after)
		return;
	fprintf(stderr, "%s has %zu %s, not %zu\n", brood_name(), after, what, before);
	wrong++;
}

/* The process itself has what it had. */
static void expect_own(const left *before)
{
	brood_forkserver_stop();
	left now = left_now();
	expect("descriptors", before->descriptors, now.descriptors);
	expect("blocked signals", before->signals_blocked, now.signals_blocked);
}

/* And so has the family; who has lost his parents, or been stopped, ends a little later. */
static void expect_family(const left *before)
{
	for (int i = 0;
	     i < 5000 && left_now().blocks + left_now().slots > before->blocks + before->slots;
	     i++) {
		age_reservations();
		table_collect();
		clock_sleep(clock_now() + 1000000);
	}
	left now = left_now();
	expect("heap blocks", before->blocks, now.blocks);
	expect("slots", before->slots, now.slots);
}

static void child(void *arg)
{
	sys_null();
	left before = left_now();
	brood_process *p = brood_start(.call = nothing, .name = "grandchild");
	brood_free(brood_alloc(*(size_t *)arg));
	if (!p)
		_exit(7);
	if (brood_process_join_timed(p, patience) < 0) {
		brood_process_kill(p);
		brood_process_join(p);
	}
	brood_process_free(p);
	expect_own(&before);
	if (wrong)
		_exit(8);
}

static void *start_in_thread(void *arg)
{
	(void)arg;
	return brood_start(.call = nothing, .name = "of a thread");
}

static bool is_well(void)
{
	brood_process *last = brood_start(.call = nothing, .name = "last");
	bool well = last && brood_process_join(last) == 0 && brood_process_exitcode(last) == 0;
	brood_process_free(last);
	return well;
}

int family_main(void)
{
	size_t size = 1000;
	void *of_thread = NULL;
	pthread_t thread;
	sys_null(); /* kept from the first start on */
	left before = left_now();
	brood_process *p = brood_start(.target = child, .args = BROOD_VALUE(size), .name = "child");
	brood_process *daemon = brood_start(.call = nothing, .daemon = true, .name = "daemon");
	bool threaded = pthread_create(&thread, NULL, start_in_thread, NULL) == 0;
	if (threaded)
		pthread_join(thread, &of_thread);
	finish(p, "child");
	finish(daemon, "daemon");
	if (of_thread)
		finish(of_thread, "of a thread");
	fault_disarm();
	if (!is_well() && !is_well()) /* the first may be the one that is killed */
		tell("last");
	expect_own(&before);
	expect_family(&before);
	if (brood_heap_check(stderr) != 0)
		tell("heap");
	return wrong ? 1 : 0;
}
