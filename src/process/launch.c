/* SPDX-License-Identifier: MIT */

#include "process/launch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"
#include "process/child.h"
#include "process/crash.h"
#include "process/exit.h"
#include "process/method.h"
#include "process/self.h"
#include "sync/port.h"

/* The function that the process runs, and of which form it is. */
static any_function function_of(const brood_process *process, enum launch_what *what)
{
	*what = process->target ? LAUNCH_TARGET
		: process->call ? LAUNCH_CALL
		: process->run	? LAUNCH_RUN
				: LAUNCH_NOTHING;
	return process->target ? (any_function)process->target
	       : process->call ? process->call
			       : (any_function)process->run;
}

static int refer(const brood_process *process, enum launch_what *what, reference *ret)
{
	any_function function = function_of(process, what);
	memset(ret, 0, offsetof(reference, path) + 1);
	return function ? reference_to(function, ret) : 0;
}

int launch_check(const brood_process *process)
{
	enum launch_what what;
	reference trial;
	if (process->args.borrowed)
		return error_set(EINVAL,
				 "a borrowed pointer (BROOD_BORROW) means nothing in a process "
				 "started by %s: pass a value, or use the start method fork",
				 process->method->name);
	return refer(process, &what, &trial);
}

static const char *keep(char **storage, const char *text)
{
	char *copy = *storage;
	if (!text)
		return NULL;
	*storage += strlen(text) + 1;
	return strcpy(copy, text);
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t size_of_reference(const reference *function)
{
	return offsetof(reference, path) + strlen(function->path) + 1;
}

static struct launch *allocate(const brood_process *process, const log_state *log,
			       const reference *function, size_t environment_size)
{
	brood_bytes key = self_family_key();
	size_t strings =
		size_of(log->config_file) + size_of(log->config_text) + size_of(log->directory);
	struct launch *launch = heap_alloc(1,
					   sizeof(*launch) + size_of_reference(function) +
						   key.size + strings + environment_size,
					   table_owner(process->slot));
	if (!launch)
		return NULL;
	*launch = (struct launch){.environment_size = environment_size};
	char *storage = launch->storage;
	launch->function = memcpy(storage, function, size_of_reference(function));
	storage += size_of_reference(function);
	launch->family_key = (brood_bytes){.data = storage, .size = key.size};
	memcpy(storage, key.data, key.size);
	storage += key.size;
	launch->log = *log;
	launch->log.config_file = (char *)(uintptr_t)keep(&storage, log->config_file);
	launch->log.config_text = (char *)(uintptr_t)keep(&storage, log->config_text);
	launch->log.directory = (char *)(uintptr_t)keep(&storage, log->directory);
	launch->environment = environment_size ? storage : NULL;
	return launch;
}

struct launch *launch_new(const brood_process *process, size_t environment_size)
{
	enum launch_what what;
	reference function;
	log_state log;
	int r = refer(process, &what, &function);
	if (r < 0)
		return error_to_null(r);
	if (log_state_get(&log) < 0)
		return error_null(ENOMEM, "no memory to start '%s'", brood_process_name(process));
	struct launch *launch = allocate(process, &log, &function, environment_size);
	log_state_clear(&log);
	if (!launch)
		return NULL;
	launch->what = what;
	launch->method = method_default_number();
	launch->process = (brood_process *)(uintptr_t)process;
	launch->parent = self_pid();
	launch->given = -1;
	launch->death_signal = self_death_signal_for(process);
	return launch;
}

void launch_free(brood_process *process)
{
	heap_free_owned(process->launch, table_owner(process->slot));
	process->launch = NULL;
}

NEWBORN static void set_target(const struct launch *launch, struct birth *birth,
			       any_function function)
{
	birth->target = launch->what == LAUNCH_TARGET ? (void (*)(void *))function : NULL;
	birth->call = launch->what == LAUNCH_CALL ? function : NULL;
	birth->run = launch->what == LAUNCH_RUN ? (void (*)(brood_process *))function : NULL;
}

NEWBORN void launch_settle(const struct launch *launch, struct birth *ret)
{
	const brood_process *process = launch->process;
	*ret = (struct birth){
		.process = launch->process,
		.arg = process->args.arg,
		.death_signal = launch->death_signal,
		.subreaper = process->subreaper,
		.executed = !launch->place.slot,
		.leaves_record = process->leaves_record,
		.parent = launch->parent,
		.parent_name = process->parent_name,
		.name = brood_process_name(process),
		.authkey = atomic_load(&process->authkey),
		.family_key = launch->family_key,
		.lineage = process->lineage,
	};
	if (launch->what != LAUNCH_NOTHING)
		set_target(launch, ret, reference_noted(launch->function));
	crash_prepare();
	brood_log_set_last_words((int)process->words.lines);
	child_comm(ret->comm, ret->name);
	method_inherit(launch->method);
	child_settle(ret);
}

/* As a rule; else its module is still to be loaded. */
NEWBORN static bool has_target(const struct launch *launch, const struct birth *birth)
{
	return launch->what == LAUNCH_NOTHING || birth->target || birth->call || birth->run;
}

static int load_target(const struct launch *launch, struct birth *birth)
{
	any_function function;
	int r = reference_find(launch->function, &function);
	if (r == 0)
		set_target(launch, birth, function);
	return r;
}

NEWBORN void launch_run(const struct launch *launch, struct birth *birth, const sigmask *mask)
{
	const char *failure = NULL;
	bool loads = !has_target(launch, birth);
	if (loads && load_target(launch, birth) < 0)
		failure = brood_error();
	/* A warm child has done so before, but what a module registers as it is loaded is to run
	 * after the process's finalizers, or not at all. */
	if (birth->executed || loads)
		exit_register_child();
	if (launch->given >= 0)
		port_unpack(launch->given);
	if (log_state_apply(&launch->log) < 0 && !failure)
		failure = brood_error();
	child_run(birth, mask, failure);
}
