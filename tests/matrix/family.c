/* SPDX-License-Identifier: MIT */

#include "family.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "brood/brood.h"
#include "fault.h"

static const double patience = 0.3; /* with one that has been stopped */

static int wrong;

static void complain(const char *what)
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
		complain(name);
	if (!p)
		return;
	if (brood_process_join_timed(p, patience) < 0) {
		brood_process_kill(p);
		if (brood_process_join(p) < 0)
			complain(name);
	}
	if (!is_of_the_test(brood_process_exitcode(p)) && brood_process_exitcode(p) != 7)
		complain(name);
	brood_process_free(p);
}

static void child(void *arg)
{
	brood_process *p = brood_start(.call = nothing, .name = "grandchild");
	brood_free(brood_alloc(*(size_t *)arg));
	if (!p)
		_exit(7);
	brood_process_join_timed(p, patience);
	brood_process_kill(p);
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
		complain("last");
	if (brood_heap_check(stderr) != 0)
		complain("heap");
	return wrong ? 1 : 0;
}
