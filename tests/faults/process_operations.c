/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(void) {}

static void sleep_long(void)
{
	brood_sleep(60);
}

/* A process that cannot fail to be made, once the fault has been made. */
static brood_process *made(const brood_process_options *options)
{
	brood_process *p = brood_process_new_with(options);
	expect(p);
	return p;
}

#define MADE_WITH(...) \
	made(&(const brood_process_options){.size = sizeof(brood_process_options), __VA_ARGS__})

static void init(void)
{
	expect(TRY(brood_init()) == 0);
}

static void new (void)
{
	brood_value text = BROOD_VALUE("some text");
	brood_process *p = TRY_NEW(brood_process_new(.target = free, .args = text, .name = "p"));
	if (!p)
		expect((p = brood_process_new()));
	TRY_VOID(brood_process_free(p));
}

static void imported(void)
{
	brood_process *p = TRY_NEW(brood_process_new(.import = "libm.so.6:cos"));
	if (!p)
		expect((p = brood_process_new(.import = "libm.so.6:cos")));
	brood_process_free(p);
}

static void asked(void)
{
	brood_process *p = MADE_WITH(.call = nothing, .name = "p");
	char text[80];
	expect(strcmp(TRY_ANY(brood_process_name(p)), "p") == 0);
	expect(TRY(brood_process_pid(p)) == 0);
	expect(!TRY_ANY(brood_process_daemon(p)));
	expect(TRY(brood_process_set_daemon(p, true)) == 0);
	expect(!TRY_ANY(brood_process_is_alive(p)));
	expect(TRY_ANY(brood_process_exitcode(p)) == BROOD_NO_EXITCODE);
	expect(TRY(brood_process_sentinel(p)) == -EINVAL);
	expect(TRY(brood_process_format(p, text, sizeof(text))) > 0);
	expect(strstr(TRY_ANY(brood_process_repr_into(p, text, sizeof(text))), "initial"));
	expect(!TRY_ANY(brood_process_arg(p)));
	expect(TRY_NEW(brood_current_process()) != NULL);
	expect(strcmp(TRY_ANY(brood_name()), "MainProcess") == 0);
	expect(!TRY_ANY(brood_parent_process()));
	expect(!TRY_ANY(brood_is_exiting()));
	brood_process_free(p);
}

static void renamed(void)
{
	brood_process *p = MADE_WITH(.call = nothing, .name = "p");
	int r = (int)TRY(brood_process_set_name(p, "another"));
	expect(strcmp(brood_process_name(p), r < 0 ? "p" : "another") == 0);
	expect(brood_process_set_name(p, "third") == 0);
	brood_bytes key = {.data = "secret", .size = 6};
	r = (int)TRY(brood_process_set_authkey(p, key));
	expect((TRY_ANY(brood_process_authkey(p)).size == 6) == (r == 0));
	expect(brood_process_set_authkey(p, key) == 0);
	brood_process_free(p);
}

static void check_text(void *arg)
{
	_exit(strcmp(arg, "some text") == 0 ? 3 : 4);
}

static void start(void)
{
	brood_process *p = MADE_WITH(.target = check_text, .args = BROOD_VALUE("some text"));
	int r = (int)TRY(brood_process_start(p));
	if (r < 0) {
		expect(brood_process_pid(p) == 0);
		expect(strstr(brood_process_repr(p), "initial"));
		fault_disarm();
		expect(brood_process_start(p) == 0);
	}
	expect_end(p, 3);
}

static void start_at_once(void)
{
	brood_process *p = TRY_NEW(brood_start(.call = nothing, .daemon = true));
	fault_disarm();
	if (!p)
		expect((p = brood_start(.call = nothing)));
	expect_end(p, 0);
}

/* It frees itself, by whatever next looks at the children. */
static void detached(void)
{
	brood_process *p = MADE_WITH(.call = nothing, .detached = true);
	int r = (int)TRY(brood_process_start(p));
	if (r < 0) {
		fault_disarm();
		expect((r = brood_process_start(p)) == 0);
	}
	siginfo_t info;
	if (r == 0)
		waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	expect(brood_active_children(NULL, 0) == 0);
}

static void joined(void)
{
	brood_process *p = MADE_WITH(.call = nothing);
	expect(brood_process_start(p) == 0);
	expect(TRY(brood_process_sentinel(p)) >= 0);
	expect(TRY(brood_process_join(p)) == 0);
	expect(TRY_ANY(brood_process_exitcode(p)) == 0);
	expect(TRY(brood_process_close(p)) == 0);
	brood_process_free(p);
}

static void joined_in_time(void)
{
	brood_process *p = MADE_WITH(.call = sleep_long);
	expect(brood_process_start(p) == 0);
	expect(TRY(brood_process_join_timed(p, 0.001)) == -ETIMEDOUT);
	expect(TRY(brood_process_join_nowait(p)) == -ETIMEDOUT);
	expect(TRY_ANY(brood_process_is_alive(p)));
	expect(TRY(brood_process_close(p)) == -EBUSY);
	int r = (int)TRY(brood_process_kill(p));
	if (r < 0)
		expect(brood_process_kill(p) == 0);
	expect_end(p, -SIGKILL);
}

static void signalled(void)
{
	brood_process *p = MADE_WITH(.call = sleep_long);
	expect(brood_process_start(p) == 0);
	TRY(brood_process_signal(p, 0));
	if (TRY(brood_process_interrupt(p)) < 0)
		expect(brood_process_interrupt(p) == 0);
	expect_end(p, -SIGINT);
}

static void terminated(void)
{
	brood_process *p = MADE_WITH(.call = sleep_long);
	expect(brood_process_start(p) == 0);
	if (TRY(brood_process_terminate(p)) < 0)
		expect(brood_process_terminate(p) == 0);
	expect_end(p, -SIGTERM);
}

static void listed(void)
{
	brood_process *p = MADE_WITH(.call = sleep_long), *found[2] = {NULL};
	expect(brood_process_start(p) == 0);
	expect(TRY(brood_active_children(found, 2)) == 1);
	expect(found[0] == p);
	TRY_VOID(brood_process_unref(found[0]));
	expect(brood_process_kill(p) == 0);
	expect_end(p, -SIGKILL);
}

static void look_at_the_parent(void)
{
	brood_process *parent = TRY_NEW(brood_parent_process());
	int r = (int)TRY(brood_process_sentinel(parent));
	expect(r >= 0 || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOSYS ||
	       r == -EPERM);
	expect(TRY_ANY(brood_process_is_alive(parent)));
	TRY(brood_process_join_nowait(parent));
	int own = (int)TRY(brood_process_set_name(brood_current_process(), "renamed"));
	expect(own == 0 || own == -ENOMEM);
}

static void child(void)
{
	brood_process *p = MADE_WITH(.call = look_at_the_parent, .daemon = true);
	if (TRY(brood_process_start(p)) == 0)
		expect_end(p, 0);
	else
		brood_process_free(p);
}

static void raise_an_error(void)
{
	MADE(brood_raise("RuntimeError", "x"));
	brood_raise("RuntimeError", "%s", "There was an error!");
}

static void raised(void)
{
	brood_process *p = MADE_WITH(.call = raise_an_error);
	if (TRY(brood_process_start(p)) == 0)
		expect_end(p, 1);
	else
		brood_process_free(p);
}

static void start_another(void)
{
	brood_process *p = brood_start(.call = nothing);
	if (!p)
		exit(5);
	brood_process_join(p);
	if (brood_process_exitcode(p) != 0)
		exit(6);
	brood_process_free(p);
}

static void nested(void)
{
	brood_process *p = MADE_WITH(.call = start_another);
	if (TRY(brood_process_start(p)) == 0)
		expect_end(p, 0);
	else
		brood_process_free(p);
}

static int finalized;

static void finalize(void *data)
{
	finalized += *(int *)data;
}

static void finalizers(void)
{
	static int one = 1;
	finalized = 0;
	brood_finalizer *f = TRY_NEW(brood_finalizer_new(finalize, &one, 3));
	if (!f)
		expect((f = brood_finalizer_new(finalize, &one, 3)));
	expect(TRY_ANY(brood_finalizer_active(f)));
	expect(TRY(brood_finalizer_run(f)) == 1);
	expect(finalized == 1);
	expect(TRY(brood_finalizer_cancel(f)) == 0);
	TRY_VOID(brood_finalizer_free(f));
}

static const operation table[] = {
	{.name = "process init", .run = init},
	{.name = "process new", .run = new},
	{.name = "process import", .run = imported},
	{.name = "process questions", .run = asked},
	{.name = "process set", .run = renamed},
	{.name = "process start", .run = start, .starts = true},
	{.name = "process start at once", .run = start_at_once, .starts = true},
	{.name = "process detached", .run = detached, .starts = true},
	{.name = "process join", .run = joined},
	{.name = "process join timed", .run = joined_in_time},
	{.name = "process signal", .run = signalled},
	{.name = "process terminate", .run = terminated},
	{.name = "process children", .run = listed},
	{.name = "process parent", .run = child, .starts = true},
	{.name = "process raise", .run = raised, .starts = true, .speaks = true},
	{.name = "process nested", .run = nested, .starts = true, .most = 80},
	{.name = "process finalizer", .run = finalizers},
};
const operations process_operations = OPERATIONS(table);
