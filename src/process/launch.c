/* SPDX-License-Identifier: MIT */

#include "process/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "process/child.h"
#include "process/crash.h"
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

static int refer(const brood_process *process, struct launch *ret)
{
	any_function function = function_of(process, &ret->what);
	return function ? reference_to(function, &ret->function) : 0;
}

int launch_check(const brood_process *process)
{
	struct launch trial;
	if (process->args.borrowed)
		return error_set(EINVAL,
				 "a borrowed pointer (BROOD_BORROW) means nothing in a process "
				 "started by %s: pass a value, or use the start method fork",
				 process->method->name);
	return refer(process, &trial);
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

static struct launch *allocate(const brood_process *process, const log_state *log, brood_bytes key,
			       size_t environment_size)
{
	const char *method = brood_get_start_method();
	size_t strings = size_of(method) + size_of(log->config_file) + size_of(log->config_text) +
			 size_of(log->directory);
	struct launch *launch =
		heap_alloc(1, sizeof(*launch) + key.size + strings + environment_size,
			   table_owner(process->slot));
	if (!launch)
		return NULL;
	*launch = (struct launch){.environment_size = environment_size};
	char *storage = launch->storage;
	launch->family_key = (brood_bytes){.data = storage, .size = key.size};
	memcpy(storage, key.data, key.size);
	storage += key.size;
	launch->method = keep(&storage, method);
	launch->log = *log;
	launch->log.config_file = (char *)(uintptr_t)keep(&storage, log->config_file);
	launch->log.config_text = (char *)(uintptr_t)keep(&storage, log->config_text);
	launch->log.directory = (char *)(uintptr_t)keep(&storage, log->directory);
	launch->environment = environment_size ? storage : NULL;
	return launch;
}

struct launch *launch_new(const brood_process *process, size_t environment_size)
{
	log_state log;
	if (log_state_get(&log) < 0)
		return error_null(ENOMEM, "no memory to start '%s'", brood_process_name(process));
	struct launch *launch = allocate(process, &log, self_family_key(), environment_size);
	log_state_clear(&log);
	if (!launch)
		return NULL;
	launch->process = (brood_process *)(uintptr_t)process;
	launch->parent = self_pid();
	launch->given = -1;
	launch->death_signal = self_death_signal_for(process);
	int r = refer(process, launch);
	if (r < 0) {
		brood_free(launch);
		return error_to_null(r);
	}
	return launch;
}

void launch_free(brood_process *process)
{
	heap_free_owned(process->launch, table_owner(process->slot));
	process->launch = NULL;
}

void launch_resume(const struct launch *launch, const sigmask *mask)
{
	const brood_process *process = launch->process;
	const char *failure = NULL;
	any_function function = NULL;
	if (launch->what != LAUNCH_NOTHING && reference_find(&launch->function, &function) < 0)
		failure = brood_error();
	struct birth birth = {
		.process = launch->process,
		.target = launch->what == LAUNCH_TARGET ? (void (*)(void *))function : NULL,
		.call = launch->what == LAUNCH_CALL ? function : NULL,
		.run = launch->what == LAUNCH_RUN ? (void (*)(brood_process *))function : NULL,
		.arg = process->args.arg,
		.death_signal = launch->death_signal,
		.subreaper = process->subreaper,
		.executed = true,
		.leaves_record = process->leaves_record,
		.parent = launch->parent,
		.parent_name = process->parent_name,
		.name = brood_process_name(process),
		.authkey = atomic_load(&process->authkey),
		.family_key = launch->family_key,
		.lineage = process->lineage,
	};
	crash_prepare();
	brood_log_set_last_words((int)process->words.lines);
	strncpy(birth.comm, birth.name, sizeof(birth.comm) - 1);
	if (launch->method)
		method_inherit(method_named(launch->method));
	if (launch->given >= 0)
		port_unpack(launch->given);
	if (log_state_apply(&launch->log) < 0 && !failure)
		failure = brood_error();
	lineage_adopt();
	child_resume(&birth, mask, failure);
}
