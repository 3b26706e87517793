/* SPDX-License-Identifier: MIT */
/* The ways to start a process: brood's, the kernel's and the C library's, and other libraries'. */

#include "start.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#ifdef HAVE_LIBUV
#include <uv.h>
#endif

#include "brood/brood.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Of this process: forked children write into it. */
static int64_t *stamped;
/* The same, for processes that are run anew: brood's heap is at one address in all. */
static int64_t *stamped_in_heap;
static int null_descriptor;

void peers_begin(void)
{
	floor_begin();
	int fd = memfd_create("stamp", 0);
	if (ftruncate(fd, sizeof(*stamped)) != 0 || dup2(fd, STAMP_DESCRIPTOR) < 0)
		exit(1);
	close(fd);
	stamped = mmap(NULL, sizeof(*stamped), PROT_READ | PROT_WRITE, MAP_SHARED, STAMP_DESCRIPTOR,
		       0);
	stamped_in_heap = brood_must(brood_calloc(1, sizeof(*stamped_in_heap)));
	null_descriptor = brood_must(open("/dev/null", O_RDWR | O_CLOEXEC));
}

static void stamp(void)
{
	*stamped = clock_ns();
}

static void stamp_at(void *where)
{
	*(int64_t *)(*(uintptr_t *)where) = clock_ns();
}

static void nothing(void) {}

static bool done(int64_t begun, const int64_t *word, struct sample *ret)
{
	ret->whole = clock_ns() - begun;
	ret->first = *word - begun;
	return true;
}

static bool wait_for(pid_t pid)
{
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

/* brood */

static bool join(brood_process *p)
{
	bool joined = p && brood_process_join(p) == 0;
	brood_process_free(p);
	return joined;
}

static bool brood_fork_once(struct sample *ret)
{
	int64_t begun = clock_ns();
	return join(brood_start(.call = stamp, .start_method = "fork")) &&
	       done(begun, stamped, ret);
}

static bool brood_once(const char *method, struct sample *ret)
{
	uintptr_t where = (uintptr_t)stamped_in_heap;
	int64_t begun = clock_ns();
	return join(brood_start(.target = stamp_at, .args = BROOD_VALUE(where),
				.start_method = method)) &&
	       done(begun, stamped_in_heap, ret);
}

static bool brood_spawn_once(struct sample *ret)
{
	return brood_once("spawn", ret);
}

static bool brood_forkserver_once(struct sample *ret)
{
	return brood_once("forkserver", ret);
}

static bool brood_burst(const char *method, int count)
{
	static brood_process *started[MAX_BURST];
	bool all = true;
	for (int i = 0; i < count; i++)
		started[i] = brood_start(.call = nothing, .start_method = method);
	for (int i = 0; i < count; i++)
		all &= join(started[i]);
	return all;
}

static bool brood_fork_burst(int count)
{
	return brood_burst("fork", count);
}

static bool brood_spawn_burst(int count)
{
	return brood_burst("spawn", count);
}

static bool brood_forkserver_burst(int count)
{
	return brood_burst("forkserver", count);
}

/* To change the number of warm children is to end the server; a new one is given the time to make
 * them. */
static void keep_warm(int count)
{
	static int kept = -1;
	if (kept == count)
		return;
	kept = count;
	brood_must(brood_forkserver_set_warm(count));
	brood_must(brood_forkserver_start());
	usleep(5000);
}

static void be_warm(void)
{
	keep_warm(2);
}

static void be_cold(void)
{
	keep_warm(0);
}

/* The kernel and the C library */

static bool fork_once(struct sample *ret)
{
	int64_t begun = clock_ns();
	pid_t pid = fork();
	if (pid == 0) {
		stamp();
		_exit(0);
	}
	return wait_for(pid) && done(begun, stamped, ret);
}

static bool fork_burst(int count)
{
	static pid_t started[MAX_BURST];
	bool all = true;
	for (int i = 0; i < count; i++) {
		started[i] = fork();
		if (started[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < count; i++)
		all &= wait_for(started[i]);
	return all;
}

static void end_here(int status, void *unused)
{
	(void)unused;
	_exit(status);
}

static void tell_of_crash(int signal)
{
	_exit(signal);
}

/* So that it can tell of its crash; and no handler of the parent's runs when it is told to end. */
static void set_handlers(void)
{
	static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	static char stack[16384];
	const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	const struct sigaction tells = {.sa_handler = tell_of_crash, .sa_flags = SA_ONSTACK};
	struct sigaction now;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], NULL, &now);
	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &tells, NULL);
}

/* A join that a signal's handler can end, and how much the child has used. */
static bool join_child(int fd)
{
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	struct rusage usage;
	siginfo_t info;
	sigset_t mask;
	sigemptyset(&mask);
	return ppoll(&poll_for, 1, NULL, &mask) == 1 &&
	       syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, &usage) == 0;
}

/* What must be done to do what brood's fork promises, and nothing else: a pidfd, no signal handler
 * of the parent's run in the child, no standard input, a name, exit() that is the child's own, a
 * report of a crash. */
static bool floor_once(struct sample *ret)
{
	int64_t begun = clock_ns();
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		dup3(null_descriptor, STDIN_FILENO, 0);
		set_handlers();
		prctl(PR_SET_NAME, "Process-1");
		on_exit(end_here, NULL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		stamp();
		exit(0);
	}
	int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (fd < 0 || !join_child(fd))
		return false;
	close(fd);
	return done(begun, stamped, ret);
}

static char *arguments[] = {(char[]){"start"}, (char[]){NOTHING}, NULL};

static pid_t spawn(const char *program)
{
	pid_t pid;
	return posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0 ? pid : -1;
}

static bool spawn_once(const char *program, struct sample *ret)
{
	int64_t begun = clock_ns();
	return wait_for(spawn(program)) && done(begun, stamped, ret);
}

static bool spawn_burst(const char *program, int count)
{
	static pid_t started[MAX_BURST];
	bool all = true;
	for (int i = 0; i < count; i++)
		started[i] = spawn(program);
	for (int i = 0; i < count; i++)
		all &= wait_for(started[i]);
	return all;
}

static bool spawn_self_once(struct sample *ret)
{
	return spawn_once("/proc/self/exe", ret);
}

static bool spawn_self_burst(int count)
{
	return spawn_burst("/proc/self/exe", count);
}

static bool spawn_empty_once(struct sample *ret)
{
	return spawn_once(BENCH_EMPTY, ret);
}

static bool spawn_least_once(struct sample *ret)
{
	return spawn_once(BENCH_LEAST, ret);
}

static bool spawn_least_burst(int count)
{
	return spawn_burst(BENCH_LEAST, count);
}

static bool vfork_once(struct sample *ret)
{
	int64_t begun = clock_ns();
	pid_t pid = vfork();
	if (pid == 0) {
		execve(BENCH_LEAST, arguments, environ);
		_exit(127);
	}
	return wait_for(pid) && done(begun, stamped, ret);
}

static bool has_least(void)
{
	return access(BENCH_LEAST, X_OK) == 0;
}

/* libuv */

#ifdef HAVE_LIBUV
static void close_handle(uv_process_t *process, int64_t status, int signal)
{
	(void)status;
	(void)signal;
	uv_close((uv_handle_t *)process, NULL);
}

static bool libuv_once(struct sample *ret)
{
	uv_process_t process;
	uv_process_options_t options = {
		.file = BENCH_LEAST, .args = arguments, .exit_cb = close_handle};
	int64_t begun = clock_ns();
	if (uv_spawn(uv_default_loop(), &process, &options) != 0)
		return false;
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return done(begun, stamped, ret);
}
#else
static bool libuv_once(struct sample *ret)
{
	(void)ret;
	return false;
}
#endif

/* CPython */

static bool python_fork_once(struct sample *ret)
{
	return python_once("fork", ret);
}

static bool python_forkserver_once(struct sample *ret)
{
	return python_once("forkserver", ret);
}

static bool python_spawn_once(struct sample *ret)
{
	return python_once("spawn", ret);
}

const struct peer peers[PEERS] = {
	[BROOD_FORK] = {"brood, fork", brood_fork_once, brood_fork_burst, NULL, NULL},
	[FORK] = {"fork()", fork_once, fork_burst, NULL, NULL},
	[FLOOR] = {"fork(), what brood's promises need", floor_once, NULL, NULL, NULL},
	[BROOD_WARM] = {"brood, forkserver, warm", brood_forkserver_once, brood_forkserver_burst,
			be_warm, NULL},
	[BROOD_COLD] = {"brood, forkserver, cold", brood_forkserver_once, brood_forkserver_burst,
			be_cold, NULL},
	[WARM_FLOOR] = {"parked process, plain C", floor_warm_once, floor_warm_burst, NULL, NULL},
	[WARM_FLOOR_LOOKING] = {"parked, and what promises need", floor_looking_once, NULL, NULL,
				NULL},
	[BROOD_SPAWN] = {"brood, spawn", brood_spawn_once, brood_spawn_burst, NULL, NULL},
	[SPAWN_SELF] = {"posix_spawn(), this program", spawn_self_once, spawn_self_burst, NULL,
			NULL},
	[SPAWN_EMPTY] = {"posix_spawn(), dynamic program", spawn_empty_once, NULL, NULL, NULL},
	[SPAWN_LEAST] = {"posix_spawn(), least program", spawn_least_once, spawn_least_burst, NULL,
			 has_least},
	[VFORK_LEAST] = {"vfork() and exec, least program", vfork_once, NULL, NULL, has_least},
	[LIBUV] = {"libuv's uv_spawn, least program", libuv_once, NULL, NULL, has_least},
	[PYTHON_FORK] = {"CPython, fork", python_fork_once, NULL, NULL, python_present},
	[PYTHON_FORKSERVER] = {"CPython, forkserver", python_forkserver_once, NULL, NULL,
			       python_present},
	[PYTHON_SPAWN] = {"CPython, spawn", python_spawn_once, NULL, NULL, python_present},
};
