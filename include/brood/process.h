/* SPDX-License-Identifier: MIT */
#ifndef BROOD_PROCESS_H
#define BROOD_PROCESS_H

/*
 * Processes: a function of this program, run in a process of its own.
 *
 *	brood_process *p = brood_process_new(.target = worker, .args = BROOD_VALUE(i));
 *	brood_process_start(p);
 *	brood_process_join(p);
 *	printf("ended with %d\n", brood_process_exitcode(p));
 *	brood_process_free(p);
 *
 * Made (initial), started, ended (stopped): an object goes through these once.
 * brood_start() makes and starts in one. The main program does not end before
 * its children: at exit, daemonic ones are terminated and all are joined.
 *
 * The object belongs to the process that made it; there, every function may be
 * called from any thread. Other processes that hold the pointer (forked ones, or to
 * whom it was passed) can look at it and signal it, by brood_process_terminate() and its
 * like: they get -EINVAL and a sentence from the rest.
 * Every function answers NULL with -EINVAL and the sentence of the failure that
 * made the NULL.
 *
 * In a child, returning from the target is exit code 0, exit(n) is n & 255,
 * brood_raise() is 1 with a traceback on standard error, and death by a signal
 * is minus its number. Whichever it is, what the child wrote to stdio is flushed
 * (unless a signal killed it), its finalizers and the at-exit functions that it
 * registered itself are run, and those of the parent are not.
 * (quick_exit() runs the parent's at_quick_exit() functions too; C has no way to tell them
 * apart.) A child that the program forks by itself is a stranger to its parent's
 * processes: they are not its children, and at its end it waits for none but those it
 * has started itself.
 */

#include <limits.h>
#include <sys/types.h>

#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A process: opaque, from brood_process_new() to brood_process_free(). */
typedef struct brood_process brood_process;

/* How one ended: report.h. */
struct brood_report;

/* brood_process_exitcode() while there is none. Not a negative errno: -15 is a code. */
#define BROOD_NO_EXITCODE INT_MIN

/* For options that are otherwise inherited or defaulted: certainly not. */
#define BROOD_NO (-1)

/* A start method as an object, from brood_get_context(). */
typedef struct brood_context brood_context;

/*
 * At the top of main(): this system's `if __name__ == '__main__'`. In the program
 * itself it returns 0. Start methods that run the program anew (spawn,
 * forkserver) need it: in a process so started it never returns, and main's body is
 * not run again. A program that only forks may leave it out.
 *
 * Returns 0, or a negative errno when the heap could not be made (as every later
 * call will).
 */
BROOD_API int brood_init(void);

/*
 * The start methods of this system, the default first, NULL at the end; static storage.
 *
 *	fork	the child is a copy of its parent: cheapest to reason about, for parents that have
 *		one thread and little memory
 *	spawn	the program is run anew: nothing is inherited but what brood passes
 *	forkserver	a process is taken from a server, which is the program run anew, once:
 *		starts as quick as fork's, from a process of any size with any threads
 *
 * Under each, a child has none of its parent's handlers for the signals that end a program
 * (SIGHUP, SIGINT, SIGQUIT, SIGTERM), but ends by them; brood(7), SIGNALS, says what follows.
 * Other handlers it has under fork only. Signals that are ignored stay so (under forkserver those
 * that were when the server was made), but SIGCHLD under fork only. The signal mask is that of
 * the thread that starts it.
 */
BROOD_API const char *const *brood_all_start_methods(void);

/*
 * Settles the default start method, once. BROOD_START_METHOD in the environment gives the
 * default where the program settles none. Returns 0; -EBUSY when it is settled, be it to the same
 * method, by an earlier call or because it was asked for or used; -EINVAL for an unknown name.
 * brood_force_start_method() replaces a settled one, and with NULL unsettles it.
 * From the specification: set_start_method(method, force).
 */
BROOD_API int brood_set_start_method(const char *method);
BROOD_API int brood_force_start_method(const char *method);

/*
 * The default's name; asking settles it. NULL with errno EINVAL when the environment names an
 * unknown one. brood_peek_start_method() settles nothing: NULL with errno 0 while unsettled.
 * From the specification: get_start_method(allow_none).
 */
BROOD_API const char *brood_get_start_method(void);
BROOD_API const char *brood_peek_start_method(void);

/*
 * The context of a method, for the option of that name; static storage. NULL with errno
 * EINVAL for an unknown name. brood_context_start_method() is its method's name.
 * From the specification: get_context(method).
 */
BROOD_API const brood_context *brood_get_context(const char *method);
BROOD_API const char *brood_context_start_method(const brood_context *context);

/*
 * The fork server of this process: each process that uses the start method forkserver has its own,
 * made at its first start. It is a child of the process, as are the warm children that it
 * keeps ready: a program that waits for any child whatever (wait(2)) may see them.
 *
 * Started processes are as the server was when it came to brood_init(): global variables have the
 * values that they had then. What a process inherits from the kernel is as at its own start; when
 * that has changed (user, limits, priority, namespaces, ...), the server is replaced, which takes
 * as long as a start by spawn.
 *
 * brood_forkserver_start() makes the server and its warm children now, so that the first start is
 * quick, too; brood_forkserver_stop() ends them and waits for them. The next start makes new ones.
 * Returns 0; -EINVAL without brood_init(); -EMFILE, -EAGAIN, -ENOMEM, -EBADF as
 * brood_process_start().
 */
BROOD_API int brood_forkserver_start(void);
BROOD_API void brood_forkserver_stop(void);

/* How many warm children to keep: 0 to 64, 2 unless set. With 0 each start waits for its process to
 * be cloned. Returns 0 or -EINVAL. Ends the server that runs. */
BROOD_API int brood_forkserver_set_warm(int count);

/*
 * Modules (shared libraries, named as for dlopen(3)) that the server loads before it makes
 * children, so that these have them already: a NULL-terminated array, copied; NULL: none. One that
 * cannot be loaded is left out: it is an error where it is used. One that starts threads makes
 * every start fail with -EINVAL: processes cannot be cloned beside threads. Returns 0 or -ENOMEM.
 * Ends the server that runs. From the specification: set_forkserver_preload(module_names).
 */
BROOD_API int brood_forkserver_preload(const char *const *modules);

/*
 * What to run and how; for brood_process_new() and brood_start(). Everything is
 * copied: nothing need outlive the call. All defaults are zero.
 *
 * At most one of target, call, run and import; none is a process that does
 * nothing and ends with 0. They are pointers to functions, and under fork not checked: any other
 * pointer crashes the child.
 */
typedef struct brood_process_options {
	/* sizeof(brood_process_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_process_options);
#define BROOD_DEFAULT_ZERO \
	{                  \
	}
#else
	size_t size;
#define BROOD_DEFAULT_ZERO
#endif
	/* A function and what it is called with, made of `args`: a pointer to the process's own
	 * copy of a scalar, struct or brood_bytes; a string or handle itself; NULL without args. */
	void (*target)(void *arg) BROOD_DEFAULT_ZERO;
	/* A function without arguments. */
	void (*call)(void) BROOD_DEFAULT_ZERO;
	/* What a subclass overrides: gets the process itself; brood_process_arg() gives the args.
	 */
	void (*run)(brood_process *self) BROOD_DEFAULT_ZERO;
	/* A target found by name: "module.so:function", or "function" in the program itself (which
	 * then exports it: link with -rdynamic). A module without a slash is looked for beside
	 * the program, then where dlopen(3) looks. The function is a void (*)(void *arg). */
	const char *import BROOD_DEFAULT_ZERO;
	/* BROOD_VALUE(), BROOD_ARGS(), ...: pickled when the process is made, and freed when it has
	 * ended. BROOD_BORROW() only under fork. */
	brood_value args BROOD_DEFAULT_ZERO;
	/* The name; NULL or "": CLASS-N, N counting the processes made by this process. */
	const char *name BROOD_DEFAULT_ZERO;
	/* The class, for the default name and the repr; NULL or "": "Process". */
	const char *class_name BROOD_DEFAULT_ZERO;
	/* true: terminated when its parent ends, however that ends; BROOD_NO: not; 0: as the
	 * process that makes it. A daemonic process may have children; when it ends, they
	 * end with it, daemonic or not. The kernel kills it when its parent has died, whatever it
	 * blocks or ignores. Where another thread than the main one has started it (under
	 * forkserver: has made the server) it takes SIGRTMAX for that: then one that blocks this
	 * outlives a parent that is killed, and one that executes another program may be ended by
	 * the end of that thread. One that changes its user (setuid) is not ended by its parent's
	 * death any more. A main thread that has started one ends, by pthread_exit(), with the
	 * last of the other threads. */
	int daemon BROOD_DEFAULT_ZERO;
	/* true: once started, the object frees itself after the process has ended; the pointer
	 * must then only be compared with NULL. */
	bool detached BROOD_DEFAULT_ZERO;
	/* How it is started: "fork", "spawn", ...; NULL: as the context, or by the default method.
	 */
	const char *start_method BROOD_DEFAULT_ZERO;
	/* From brood_get_context(): its method, and its class names ("SpawnProcess-1"). */
	const brood_context *context BROOD_DEFAULT_ZERO;
	/* BROOD_NO: the process's signals are left alone, and its report has no stack if it
	 * crashes. */
	int crash_report BROOD_DEFAULT_ZERO;
	/* Called with the process's report (report.h) and report_data once it has ended, by
	 * the thread of this process that notices: in join, is_alive, exitcode, start and
	 * their like, at the latest when the program ends. The report is freed when it
	 * returns. */
	void (*on_report)(struct brood_report *report, void *data) BROOD_DEFAULT_ZERO;
	void *report_data BROOD_DEFAULT_ZERO;
	/* true: in the process's tree, who loses his parent becomes the process's child, not init's
	 * (PR_SET_CHILD_SUBREAPER). So brood_process_kill_tree() finds everyone while the process
	 * lives, whatever they have executed. The target is told nothing of these children; it
	 * must reap those that end (waitpid(-1, ...)), or they stay zombies until it ends itself.
	 */
	bool subreaper BROOD_DEFAULT_ZERO;
} brood_process_options;

/*
 * Makes a process object; nothing runs yet. Called as
 * brood_process_new(.target = f, .name = "x"). Free with brood_process_free().
 *
 * NULL with errno: EINVAL (options that contradict each other, args that cannot be
 * pickled: the sentence names the field; no function), ENOENT (there is no such module as .import
 * names, or no such function in it; the target's module has been deleted), ELIBBAD (a module that
 * cannot be loaded), ENOMEM. A number for the default name is spent all the same. From the
 * specification: Process(...).
 */
#ifndef __cplusplus
#define brood_process_new(...)                                 \
	brood_process_new_with(&(const brood_process_options){ \
		.size = sizeof(brood_process_options), __VA_ARGS__})
#endif
BROOD_API brood_process *brood_process_new_with(const brood_process_options *options);

/*
 * Makes and starts a process: brood_start(.call = worker). NULL if either fails
 * (errno and brood_error() tell which), and then nothing is left.
 */
#ifndef __cplusplus
#define brood_start(...)                                                                       \
	brood_start_with(&(const brood_process_options){.size = sizeof(brood_process_options), \
							__VA_ARGS__})
#endif
BROOD_API brood_process *brood_start_with(const brood_process_options *options);

/*
 * Starts the process and returns at once. What stdout and stderr hold is flushed
 * first, so that the child does not write it again.
 *
 * Returns 0, or: -EINVAL (closed; started already, also when it has ended; made by
 * another process), -EAGAIN (the limit on processes: RLIMIT_NPROC or the cgroup's
 * pids.max), -EMFILE or -ENFILE (no descriptor left for the sentinel, or to make the process),
 * -ENOMEM, -ENOENT (the target's module has been deleted), -ECANCELED (this process is ending, and
 * the call is none of its finalizers'). With spawn and forkserver also -EBADF (the program has
 * closed the heap's descriptor) and what the system refuses to run the program anew with, as
 * -ENOENT without /proc. With forkserver also -EACCES (the working directory is one that this
 * user may not enter), -ECHILD (the program, run anew, ended before it came to
 * brood_init()), -EBADF (it closed its descriptors before), -ENOSYS (the kernel or a sandbox
 * refuses what the server needs to clone itself). After a failure the process is as it was and
 * can be started again.
 * From the specification: start().
 */
BROOD_API int brood_process_start(brood_process *process);

/*
 * Waits until the process has ended: for ever, for at most the given seconds, or
 * not at all. Signals with handlers do not cut the wait short, unless these call
 * brood_interrupt(). Again after the end: returns at once.
 *
 * Returns 0 when it has ended, -ETIMEDOUT when not, -EINTR, -EINVAL (not started; not a
 * child of this process; NaN). When somebody else reaped the child, returns 0, too. Its exit code
 * is then known from the kernel (Linux 6.15), or, unless a signal killed it, from the child;
 * else brood_error() says that its status is lost.
 * From the specification: join(), join(timeout).
 */
BROOD_API int brood_process_join(brood_process *process);
BROOD_API int brood_process_join_timed(brood_process *process, double seconds);
BROOD_API int brood_process_join_nowait(brood_process *process);

/*
 * Whether the process has been started and has not ended; true for the current
 * process. Straight after brood_process_terminate() usually still true: join
 * first. A stopped process is alive. false with errno EINVAL and a sentence for
 * processes of others. From the specification: is_alive().
 */
BROOD_API bool brood_process_is_alive(brood_process *process);

/*
 * How the process ended: 0 to 255 as it exited, minus the signal's number when
 * one killed it. BROOD_NO_EXITCODE while it has not ended (or has not started,
 * or is the current one), and when its status was lost; errno is then 0,
 * except EINVAL (a sentence says why) for a wrong call, as by a process that did not make
 * it. Does not block, and needs no join. From the specification: exitcode.
 */
BROOD_API int brood_process_exitcode(brood_process *process);

/*
 * Sends SIGTERM, SIGKILL or SIGINT, or any signal, through the process's own
 * descriptor: another process is never hit. Returns at once; join, for the
 * end. A process that has ended already: 0. Of the signalled process's
 * children the daemonic ones end with it, and of a daemonic process all; others live on.
 *
 * Returns 0, or -EINVAL: not started, closed, no such signal.
 * From the specification: terminate(), kill().
 */
BROOD_API int brood_process_terminate(brood_process *process);
BROOD_API int brood_process_kill(brood_process *process);
BROOD_API int brood_process_interrupt(brood_process *process);
BROOD_API int brood_process_signal(brood_process *process, int signal);

/*
 * Sends SIGTERM or SIGKILL to the process and to all that descends from it, also when
 * the process itself has ended: to its children and theirs, whoever started them and
 * however, and to those that have cut themselves loose by forking twice or by
 * setsid(). They are stopped first, all of them, so that none is missed for having been
 * started meanwhile. brood_process_kill_tree() then waits until they have ended, for
 * 30 seconds at most; both may take that long where a tree grows as fast as it is searched.
 *
 * Not reached: a process that has lost its parents and executed a program with an environment in
 * which BROOD_TREE is missing (env -i, sudo), unless the tree has a reaper (see subreaper in the
 * options); and one of another user. Those that handle or ignore SIGTERM may go on, and start
 * others. Who adopted the ended ones (init, as a rule) reaps them; the process itself is joined as
 * ever.
 *
 * Returns how many were signalled (0: all had ended), or a negative errno after as many as can be
 * have been: -EINVAL (not started, closed), -EPERM (some are another user's), -EAGAIN (the tree
 * outgrows the search: call again), -ENOMEM, -ENOENT or -EMFILE (no /proc, or no descriptor
 * to read it by: only the process itself was signalled).
 */
BROOD_API int brood_process_terminate_tree(brood_process *process);
BROOD_API int brood_process_kill_tree(brood_process *process);

/*
 * A descriptor (a pidfd) that becomes readable when the process has ended and
 * stays so: for poll, select, epoll. Borrowed: never close it; it lives until
 * brood_process_close() or brood_process_free(), so free processes that have ended. -EINVAL
 * before start and in other processes; -ENOSYS where pidfds are refused (valgrind).
 */
BROOD_API int brood_process_sentinel(brood_process *process);

/* The process's id, also after its end; 0 before start; -EINVAL when closed or not a process. */
BROOD_API pid_t brood_process_pid(const brood_process *process);

/*
 * The name, never NULL; for NULL the string "(null)". Borrowed: valid as long as the object, also
 * after it was changed.
 */
BROOD_API const char *brood_process_name(const brood_process *process);

/*
 * Names the process anew, at any time; the name is copied and need not be unique. A running
 * child keeps showing the old one; for itself a process can also change it. Returns 0, -EINVAL
 * for NULL, -ENOMEM.
 */
BROOD_API int brood_process_set_name(brood_process *process, const char *name);

/* Whether the process is daemonic. Changing it after start, or in another process than the one that
 * made it, is -EINVAL. */
BROOD_API bool brood_process_daemon(const brood_process *process);
BROOD_API int brood_process_set_daemon(brood_process *process, bool daemon);

/*
 * In a process: what it was made with, as its target would get it (see target in the options);
 * for run() of a subclass. NULL without args and in all other processes, and with errno EINVAL for
 * NULL. Borrowed.
 */
BROOD_API void *brood_process_arg(const brood_process *process);

/*
 * The key with which processes of one family know each other: 32 random bytes, or what
 * was set; children made afterwards inherit it. The data is borrowed; setting copies
 * it (-EINVAL for NULL data with a size).
 */
BROOD_API brood_bytes brood_process_authkey(brood_process *process);
BROOD_API int brood_process_set_authkey(brood_process *process, brood_bytes key);

/*
 * The object as text, in the specification's form: "<Process(NAME, STATE)>", STATE
 * being initial, started, stopped, stopped[3], stopped[SIGTERM], closed or
 * unknown (another process's), followed by " daemon" for a daemonic one.
 *
 * brood_process_repr(p) is a string that lives to the end of the enclosing block, so two fit
 * into one printf. brood_process_format() is snprintf: returns the full
 * length, writes at most size bytes; -EINVAL when buffer is NULL and size is not 0.
 */
#ifndef __cplusplus
#define brood_process_repr(process) \
	brood_process_repr_into((process), (char[BROOD_REPR_SIZE]){0}, BROOD_REPR_SIZE)
#endif
#define BROOD_REPR_SIZE 256
BROOD_API int brood_process_format(brood_process *process, char *buffer, size_t size);
BROOD_API const char *brood_process_repr_into(brood_process *process, char *buffer, size_t size);

/*
 * Gives up the sentinel and all that is kept of an ended process before the object is
 * freed. Returns 0 (also again, or never started), -EBUSY while the process is running:
 * join or terminate it first. Afterwards only name, daemon, repr and free work.
 */
BROOD_API int brood_process_close(brood_process *process);

/*
 * Ends the object's life. A process still running goes on: its object is freed after it has
 * ended and has been reaped. NULL is allowed. The current process's object is left alone, and
 * so, with errno EINVAL, is one that runs and has been freed already.
 */
BROOD_API void brood_process_free(brood_process *process);

/* The running process's own object; borrowed, never NULL. In the main program its name is
 * "MainProcess". From the specification: current_process(). */
BROOD_API brood_process *brood_current_process(void);

/* The running process's name: brood_process_name(brood_current_process()). */
BROOD_API const char *brood_name(void);

/*
 * The process that started this one, as an object with its name and pid that can be asked
 * is_alive and joined; borrowed. NULL, with errno 0, in the main program.
 */
BROOD_API brood_process *brood_parent_process(void);

/*
 * This process's children that are alive, daemonic ones too, in no order; those that have
 * ended are reaped. Writes at most max references to out, each to be
 * released with brood_process_unref(), and returns how many there are in all; out may be NULL
 * with max 0. Detached ones are not listed.
 */
BROOD_API int brood_active_children(brood_process **out, int max);
BROOD_API void brood_process_unref(brood_process *process);

/*
 * Ends the process as an uncaught error does in Python: standard error gets "Process NAME:",
 * a traceback (function, file and line of each call, innermost last, of the innermost 250 or so)
 * and "TYPE: MESSAGE"; the exit code is 1. At-exit functions and finalizers run; C++ destructors
 * do not. In the main program the same without "Process NAME:". From any thread. In a finalizer it
 * ends that finalizer only: the others still run, and the exit code stays. type is a word
 * for the kind of error ("RuntimeError"), NULL is "Error".
 */
BROOD_API BROOD_NORETURN void brood_raise(const char *type, const char *format, ...)
	BROOD_PRINTF(2, 3);

/*
 * Finalizers: functions that run when this process ends: returning, exit() or brood_raise(), but
 * not a signal or _exit(). Those with higher priority first, of equal ones the last made first.
 * Those of priority 0 and more run before the children are terminated and joined, negative
 * ones after; what these have started is terminated and joined, too. Until it has run them all a
 * process does not end: one that always makes another keeps it from ending, as with atexit().
 * A process inherits none.
 */
typedef struct brood_finalizer brood_finalizer;

/*
 * Registers callback(data). Returns a handle, to be freed with brood_finalizer_free(), or
 * forgotten: it may be left to the process's end. NULL with errno EINVAL (no callback) or ENOMEM.
 * data is borrowed.
 */
BROOD_API brood_finalizer *brood_finalizer_new(void (*callback)(void *data), void *data,
					       int priority);

/* Runs it now, if it has not run and was not cancelled. Returns 1 if it ran, 0 if not, -EINVAL. */
BROOD_API int brood_finalizer_run(brood_finalizer *finalizer);

/* Forgets it: it will not run. Returns 1 if it was active, 0 if not, -EINVAL. */
BROOD_API int brood_finalizer_cancel(brood_finalizer *finalizer);

/* Whether it is still to run, in this process. */
BROOD_API bool brood_finalizer_active(const brood_finalizer *finalizer);

/* Cancels and frees; NULL is allowed. */
BROOD_API void brood_finalizer_free(brood_finalizer *finalizer);

/* Whether this process has begun to shut down. */
BROOD_API bool brood_is_exiting(void);

#ifdef __cplusplus
}
#endif

#endif
