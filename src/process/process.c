/* SPDX-License-Identifier: MIT */
/* The object: made from options, named, looked at, and freed. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "base/newborn.h"
#include "base/sys.h"
#include "process/children.h"
#include "process/given.h"
#include "process/import.h"
#include "process/method.h"
#include "process/report_record.h"
#include "process/self.h"

brood_process *process_ref(brood_process *process)
{
	atomic_fetch_add_explicit(&process->references, 1, memory_order_relaxed);
	return process;
}

static void free_texts(struct process_text *text)
{
	while (text) {
		struct process_text *before = text->before;
		brood_free(text);
		text = before;
	}
}

static void free_arguments(brood_process *process)
{
	brood_free(process->args.block);
	brood_free(process->given);
}

static void destroy(brood_process *process)
{
	if (process->state == PROCESS_INITIAL)
		free_arguments(process);
	if (process->pidfd >= 0)
		sys_close(process->pidfd);
	free_texts(process->name);
	free_texts(process->authkey);
	record_drop(process);
	brood_free((char *)process - HEAP_OBJECT_OFFSET);
}

void process_unref(brood_process *process)
{
	/* The last one must see what the others did with it. */
	if (atomic_fetch_sub_explicit(&process->references, 1, memory_order_acq_rel) == 1)
		destroy(process);
}

bool process_is_ours(const brood_process *process)
{
	return process->kind == PROCESS_CHILD && process->creator == self_pid();
}

int process_usable(const brood_process *process)
{
	if (!process)
		return error_absent("the process");
	if (process->closed)
		return error_set(EINVAL, "process object is closed: '%s'",
				 brood_process_name(process));
	return 0;
}

void process_drop_pidfd(brood_process *process)
{
	if (!process->closed || process->waiters > 0 || process->pidfd < 0)
		return;
	sys_close(process->pidfd);
	process->pidfd = -1;
}

int process_keep_text(struct process_text *_Atomic *which, const void *text, size_t size)
{
	struct process_text *fresh = brood_alloc(sizeof(*fresh) + size + 1);
	if (!fresh)
		return -errno;
	fresh->size = size;
	if (size)
		memcpy(fresh->text, text, size);
	fresh->text[size] = '\0';
	fresh->before = atomic_load(which);
	while (!atomic_compare_exchange_weak(which, &fresh->before, fresh))
		;
	return 0;
}

static bool given(const char *text)
{
	return text && *text;
}

static char *append(char *end, const char *text)
{
	size_t size = strlen(text) + 1;
	return (char *)memcpy(end, text, size) + size - 1;
}

/* Not sprintf(), whose deep stack is a page more to copy after each fork. */
static char *append_number(char *end, unsigned number)
{
	char digits[12];
	char *first = digits + sizeof(digits) - 1;
	*first = '\0';
	do {
		*--first = (char)('0' + number % 10);
	} while (number /= 10);
	return append(end, first);
}

/* A context's processes are of its class, others of the plain one. */
static const char *class_of(const brood_process_options *options)
{
	if (given(options->class_name))
		return options->class_name;
	return options->context ? options->context->class_name : "Process";
}

void process_set_pid(brood_process *process, pid_t pid)
{
	process->started = pidref_of(pid).started;
	process->pid = pid;
}

/* The object with its strings behind it. Names are CLASS-N, or CLASS-M:N in the process that is M.
 */
static brood_process *allocate(const brood_process_options *options)
{
	const char *class_name = class_of(options);
	const char *prefix = brood_current_process()->identity;
	size_t class_size = strlen(class_name) + 1;
	size_t number_size = strlen(prefix) + sizeof(":4294967295");
	size_t name_size =
		given(options->name) ? strlen(options->name) + 1 : class_size + number_size;
	const char *parent_name = brood_name();
	char *block = brood_alloc(HEAP_OBJECT_OFFSET + sizeof(brood_process) + class_size +
				  number_size + name_size + strlen(parent_name) + 1);
	if (!block)
		return NULL;
	brood_process *process = (void *)(block + HEAP_OBJECT_OFFSET);
	*process = (brood_process){.references = 1, .pidfd = -1, .creator = self_pid()};
	char *end = process->storage;
	process->class_name = end;
	end = append(end, class_name) + 1;
	process->parent_name = end;
	end = append(end, parent_name) + 1;
	process->identity = end;
	end = append(end, prefix);
	end = append_number(append(end, *prefix ? ":" : ""), self_next_number()) + 1;
	process->first_name = end;
	if (given(options->name))
		append(end, options->name);
	else
		append(append(append(end, class_name), "-"), process->identity);
	return process;
}

static int check_target(const brood_process_options *options)
{
	int count = !!options->target + !!options->call + !!options->run + !!options->import;
	if (count > 1)
		return error_set(EINVAL,
				 "more than one of .target, .call, .run and .import: a process "
				 "runs one function");
	if (options->call && options->args.type)
		return error_set(EINVAL, ".args with .call, which takes none: use .target");
	return 0;
}

static int set_method(brood_process *process, const brood_process_options *options)
{
	if (options->start_method && options->context)
		return error_set(
			EINVAL, "both .start_method and .context: a process is started in one way");
	process->method = options->start_method ? method_named(options->start_method)
			  : options->context	? options->context
						: method_default();
	return process->method ? 0 : -errno;
}

static int set_target(brood_process *process, const brood_process_options *options)
{
	int r = check_target(options);
	if (r < 0)
		return r;
	process->target = options->target;
	process->call = options->call;
	process->run = options->run;
	return options->import ? import_function(options->import, &process->target) : 0;
}

static int set_inherited(brood_process *process, const brood_process_options *options)
{
	brood_process *creator = brood_current_process();
	process->daemon = options->daemon ? options->daemon > 0 : creator->daemon;
	process->detached = options->detached;
	process->subreaper = options->subreaper;
	brood_bytes key = brood_process_authkey(creator);
	if (key.data == self_family_key().data)
		return 0;
	return brood_process_set_authkey(process, key);
}

static void set_report(brood_process *process, const brood_process_options *options)
{
	process->leaves_record = options->crash_report >= 0;
	process->on_report = options->on_report;
	process->report_data = options->report_data;
	process->words.lines = last_words_default();
}

static int set_up(brood_process *process, const brood_process_options *options)
{
	set_report(process, options);
	int r = set_method(process, options);
	if (r == 0)
		r = set_target(process, options);
	if (r == 0)
		r = set_inherited(process, options);
	if (r == 0)
		r = pickle(&options->args, table_owner(table_self()), &process->args);
	if (r == 0)
		r = given_collect(&options->args, &process->given);
	return r < 0 ? r : process->method->check(process);
}

brood_process *brood_process_new_with(const brood_process_options *given_options)
{
	brood_process_options options = {0};
	int r = options_copy(given_options, &options, sizeof(options),
			     "use brood_process_new() or brood_start()");
	if (r < 0)
		return error_to_null(r);
	brood_process *process = allocate(&options);
	if (!process)
		return error_to_null(-errno);
	r = set_up(process, &options);
	if (r < 0) {
		destroy(process);
		return error_to_null(r);
	}
	return process;
}

brood_process *brood_start_with(const brood_process_options *options)
{
	brood_process *process = brood_process_new_with(options);
	if (!process)
		return NULL;
	int r = brood_process_start(process);
	if (r < 0) {
		brood_process_free(process);
		return error_to_null(r);
	}
	return process;
}

NEWBORN const char *brood_process_name(const brood_process *process)
{
	if (!process)
		return "(null)";
	if (process == brood_current_process())
		return self_name();
	struct process_text *name = atomic_load(&process->name);
	return name ? name->text : process->first_name;
}

int brood_process_set_name(brood_process *process, const char *name)
{
	if (!process)
		return error_absent("the process");
	if (!name)
		return error_set(EINVAL, "name must be a string, not NULL");
	if (process == brood_current_process())
		return self_set_name(name);
	if (!process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' can rename it",
				 brood_process_name(process));
	return process_keep_text(&process->name, name, strlen(name));
}

bool brood_process_daemon(const brood_process *process)
{
	return process ? process->daemon : error_absent("the process") > 0;
}

int brood_process_set_daemon(brood_process *process, bool daemon)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	if (!process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' can make it daemonic",
				 brood_process_name(process));
	if (process->state != PROCESS_INITIAL)
		return error_set(EINVAL,
				 "process has already started: '%s' can be made daemonic only "
				 "before that",
				 brood_process_name(process));
	process->daemon = daemon;
	return 0;
}

pid_t brood_process_pid(const brood_process *process)
{
	/* Its own it knows before its parent has written it down. */
	if (process && process == brood_current_process())
		return self_pid();
	int r = process_usable(process);
	return r < 0 ? r : process->pid;
}

void *brood_process_arg(const brood_process *process)
{
	if (!process) {
		error_absent("the process");
		return NULL;
	}
	return process == brood_current_process() ? process->args.arg : NULL;
}

void brood_process_unref(brood_process *process)
{
	if (process && process_is_ours(process))
		process_unref(process);
}

void brood_process_free(brood_process *process)
{
	if (!process || !process_is_ours(process))
		return;
	if (atomic_exchange(&process->freed, true))
		error_record(EINVAL, "'%s' has been freed already", brood_process_name(process));
	else
		process_unref(process);
}
