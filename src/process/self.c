/* SPDX-License-Identifier: MIT */
/* The current process, its parent, and the key they share. */

#include "process/self.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"
#include "log/log.h"
#include "process/child.h"
#include "process/children.h"
#include "process/exit.h"
#include "process/finalizer.h"
#include "process/nursery.h"
#include "process/orphan.h"

enum { AUTHKEY_SIZE = 32 };

static brood_process main_process = {
	.references = 1,
	.kind = PROCESS_MAIN,
	.first_name = "MainProcess",
	.class_name = "_MainProcess",
	.identity = "",
	.state = PROCESS_STARTED,
	.pidfd = -1,
};

NEWBORN_DATA static brood_process parent_process = {
	.references = 1,
	.kind = PROCESS_PARENT,
	.class_name = "_ParentProcess",
	.identity = "",
	.state = PROCESS_STARTED,
	.pidfd = -1,
};

NEWBORN_DATA static struct {
	brood_process *current;
	pid_t entered_as; /* the pid with which it entered the family */
	pid_t pid;
	bool has_parent;
	bool born_of_threads;
	bool executed;
	bool dies_with_parent;
	_Atomic unsigned made;
	const char *first_name;
	struct process_text *_Atomic name;
	struct process_text *_Atomic authkey;
	size_t family_key_size;
	unsigned char family_key[AUTHKEY_SIZE];
} self = {.current = &main_process, .first_name = "MainProcess"};

/* It has neither children nor, if brood does not say otherwise next, a place in the process
 * table. */
NEWBORN void self_begin_anew(void)
{
	self.pid = (pid_t)raw_syscall(SYS_getpid, 0, 0, 0, 0);
	lineage_forked();
	children_forget();
	if (nursery_used)
		nursery_forget();
	finalizers_forget();
	table_move((table_place){0}, false);
}

static struct last_words_place *own_last_words(void)
{
	return self.current->kind == PROCESS_CHILD ? &self.current->words : NULL;
}

__attribute__((constructor(102))) static void self_begin(void)
{
	last_words_ask(own_last_words);
	self.pid = self.entered_as = getpid();
	main_process.pid = self.pid;
	ssize_t random = getrandom(self.family_key, sizeof(self.family_key), 0);
	self.family_key_size = random == AUTHKEY_SIZE ? AUTHKEY_SIZE : 0;
	lineage_begin();
	pthread_atfork(NULL, NULL, self_begin_anew);
	exit_register_main();
}

NEWBORN pid_t self_pid(void)
{
	return self.pid;
}

NEWBORN bool self_is_stranger(void)
{
	return raw_syscall(SYS_getpid, 0, 0, 0, 0) != self.entered_as;
}

bool self_is_main(void)
{
	return self.current == &main_process;
}

bool self_born_of_threads(void)
{
	return self.born_of_threads;
}

int self_death_signal_for(const brood_process *process)
{
	return process->daemon || self.dies_with_parent ? orphan_signal() : 0;
}

NEWBORN bool self_was_executed(void)
{
	return self.executed;
}

unsigned self_next_number(void)
{
	return 1 + atomic_fetch_add_explicit(&self.made, 1, memory_order_relaxed);
}

NEWBORN void self_become(const struct birth *birth)
{
	if (parent_process.pidfd >= 0)
		close(parent_process.pidfd);
	parent_process.pidfd = -1;
	parent_process.first_name = birth->parent_name;
	parent_process.pid = birth->parent;
	self.has_parent = true;
	self.born_of_threads |= birth->threaded;
	self.executed = birth->executed;
	self.dies_with_parent = birth->death_signal;
	if (birth->family_key.data)
		self.family_key_size = birth->family_key.size;
	if (birth->family_key.size == AUTHKEY_SIZE) /* constant, so copied in place */
		memcpy(self.family_key, birth->family_key.data, AUTHKEY_SIZE);
	self.current = birth->process;
	self.first_name = birth->name;
	self.entered_as = self.pid;
	self.made = 0;
	atomic_store(&self.name, NULL);
	atomic_store(&self.authkey, birth->authkey);
	log_set_process_name(birth->name);
}

const char *self_name(void)
{
	struct process_text *name = atomic_load(&self.name);
	return name ? name->text : self.first_name;
}

brood_bytes self_family_key(void)
{
	return (brood_bytes){.data = self.family_key, .size = self.family_key_size};
}

void self_adopt(void)
{
	if (self.entered_as == self.pid)
		return;
	self.entered_as = self.pid;
	exit_begin_anew();
}

int self_set_name(const char *name)
{
	int r = process_keep_text(&self.name, name, strlen(name));
	if (r < 0)
		return r;
	char comm[COMM_SIZE];
	log_set_process_name(brood_name());
	child_comm(comm, name);
	sys_set_comm(comm);
	table_set_name(table_self(), name);
	return 0;
}

brood_process *brood_current_process(void)
{
	return self.current;
}

const char *brood_name(void)
{
	return brood_process_name(self.current);
}

brood_process *brood_parent_process(void)
{
	if (self.has_parent)
		return &parent_process;
	errno = 0;
	return NULL;
}

static struct process_text *_Atomic *authkey_of(brood_process *process)
{
	return process == self.current ? &self.authkey : &process->authkey;
}

brood_bytes brood_process_authkey(brood_process *process)
{
	if (!process) {
		error_absent("the process");
		return (brood_bytes){0};
	}
	struct process_text *key = atomic_load(authkey_of(process));
	if (!key)
		return self_family_key();
	return (brood_bytes){.data = key->text, .size = key->size};
}

int brood_process_set_authkey(brood_process *process, brood_bytes key)
{
	if (!process)
		return error_absent("the process");
	if (process != self.current && !process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' can change its authkey",
				 brood_process_name(process));
	if (!key.data && key.size)
		return error_set(EINVAL, "the authkey has %zu bytes but no data", key.size);
	return process_keep_text(authkey_of(process), key.data, key.size);
}
