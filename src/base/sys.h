/* SPDX-License-Identifier: MIT */
#ifndef BASE_SYS_H
#define BASE_SYS_H

/*
 * The kernel's calls that glibc 2.31 does not wrap, or whose failures the
 * library must be able to meet anywhere. Each returns 0, a descriptor or a
 * count, or a negative errno; descriptors are close-on-exec; EINTR is retried
 * unless said otherwise.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

struct robust_list_head;

/* A call's result as these functions give it. */
static inline int sys_result(long r)
{
	return r < 0 ? -errno : (int)r;
}

/* Moves a new descriptor above 2: where the program runs with a standard stream closed, ours must
 * not take its place, since children replace their standard input. */
int sys_above_standard_streams(int fd);

/* close(2), unless fd is negative; errno is untouched. */
void sys_close(int fd);

/* Which file a descriptor is of; all zero when it is not open. */
typedef struct sys_file {
	uint64_t device;
	uint64_t inode;
} sys_file;
sys_file sys_file_of(int fd);

/* Whether the number still is of this file: a program may close all descriptors, and give the
 * numbers to files of its own. */
static inline bool sys_is_file(int fd, sys_file file)
{
	sys_file its = sys_file_of(fd);
	return its.inode == file.inode && its.device == file.device;
}

/* kill(2) of one process: -ESRCH for 0 and -1, which a sandbox may have made of a pid, and which
 * kill() takes for the group, and for everybody. */
int sys_kill(pid_t pid, int signal);

int sys_pidfd_open(pid_t pid);
int sys_pidfd_signal(int pidfd, int signal);

/*
 * waitid(2) on one child, by its pidfd or, where that is negative or a sandbox refuses it, by its
 * pid; options as there. Returns 1 with *info filled, 0 with WNOHANG when nothing has
 * changed, or a negative errno: -ECHILD when it is no child, or no longer; -EBADF when the
 * program has closed the pidfd.
 */
int sys_wait_child(pid_t pid, int pidfd, int options, siginfo_t *info);

/* The same, waiting for its end only, and once it has ended it is reaped: what it used is known. */
int sys_reap_child(pid_t pid, int pidfd, siginfo_t *info, struct rusage *usage);

/*
 * Peeks at a child of this process, brood's or not, that has ended and has not
 * been reaped; takes nothing. Returns 1 with *info filled, 0 when there is none,
 * -ECHILD without children.
 */
int sys_wait_peek(siginfo_t *info);

/* Whether the process behind a pidfd has ended: at once, child or not, reaped or not. */
bool sys_pidfd_ended(int pidfd);

/*
 * Waits until the pidfd's process has ended; left as ppoll(2) takes it (NULL:
 * for ever). Returns 1 ended, 0 timed out, or a negative errno, -EINTR included.
 */
int sys_pidfd_wait(int pidfd, const struct timespec *left);

/*
 * The wait status (as of wait(2)) of an ended process from its pidfd, even after
 * somebody else reaped it. Returns 0, or -ENODATA before Linux 6.15.
 */
int sys_pidfd_status(int pidfd, int *ret_status);

/* The control group of the pidfd's process, in the unified hierarchy, as a number; -ENODATA before
 * Linux 6.13. */
int sys_pidfd_cgroup(int pidfd, uint64_t *ret_id);

/*
 * Runs f(arg) in a new process that shares this one's memory; the calling thread waits until
 * it has executed a program or ended. stack_top is the end of a stack for it. Returns
 * a pidfd, with *ret_pid, or a negative errno.
 */
int sys_vfork(int (*f)(void *), void *arg, void *stack_top, pid_t *ret_pid);

/*
 * fork(), and where the process has one thread the child sends no SIGCHLD and is seen by
 * no wait() that does not ask for such: a helper that the program never learns of. Else the
 * program's fork handlers run, too. Returns as fork(), or a negative errno.
 */
pid_t sys_fork_helper(void);

/* A descriptor that stands for a file, not opened for reading (O_PATH). */
int sys_open_path(const char *path);

/* gettid() in place, for processes in their first and last moments. */
pid_t sys_gettid(void);

/* Whether the process has more than one thread now, or but one; false where there is no /proc. For
 * handlers of signals, too. */
bool sys_has_threads(void);
bool sys_has_one_thread(void);

/* Whether sys_pidfd_status() works here. */
bool sys_keeps_status(void);

/* An anonymous file of the given size in memory, sealed against another size. */
int sys_memfd(const char *name, size_t size);

/* Gives a range of a file its pages (sys_allocate) or takes them back (sys_punch). */
int sys_allocate(int fd, off_t offset, off_t length);
int sys_punch(int fd, off_t offset, off_t length);

/*
 * The same for a range of a shared mapping, without its descriptor. sys_populate
 * also maps the pages; -EINVAL before Linux 5.14, -ENOMEM when there is no memory.
 */
int sys_populate(void *start, size_t length);
int sys_remove(void *start, size_t length);

/*
 * futex(2) on a word shared between processes. Waits while *word == expected, at
 * most until left has passed (NULL: for ever); returns 0 when woken or when the
 * word differs, -ETIMEDOUT or -EINTR. sys_futex_wake returns how many woke.
 */
int sys_futex_wait(const _Atomic uint32_t *word, uint32_t expected, const struct timespec *left);
int sys_futex_wake(_Atomic uint32_t *word, int count);

/*
 * Sets bits in a word and wakes who sleeps on it, as one step: a process that is killed meanwhile
 * has done both or neither. Returns how many woke.
 */
int sys_futex_or_wake(_Atomic uint32_t *word, uint32_t bit, int count);

/* A word that is slept on while it has this value. */
typedef struct sys_futex {
	const _Atomic uint32_t *word;
	uint32_t expected;
} sys_futex;

/*
 * Waits while all of up to three words are as expected, at most until a time of CLOCK_MONOTONIC
 * (NULL: for ever). Returns the index of one that was woken, count when one differs, -ETIMEDOUT,
 * -EINTR, or -ENOSYS before Linux 5.16.
 */
int sys_futex_wait_any(const sys_futex *words, unsigned count, const struct timespec *until);

/* Where the kernel was told that the calling thread's robust futexes are; NULL when nowhere. */
struct robust_list_head *sys_robust_list(void);

/* The whole of a small file, NUL-terminated, at most size - 1 bytes; returns its length. */
ssize_t sys_read_file(const char *path, char *buffer, size_t size);

/* write(2) until all is written, in one call where the kernel takes it in one; without SIGPIPE. */
int sys_write_all(int fd, const void *data, size_t size);

/*
 * Calls handler for a signal that is left to its default, on the alternate stack if there
 * is one, with all signals but SIGALRM blocked meanwhile. Whether it does: an
 * action of the program's own stays. sys_uncatch() gives a signal back to its default.
 */
typedef void sys_handler(int signal, siginfo_t *info, void *context);
bool sys_catch(int signal, sys_handler *handler);
void sys_uncatch(int signal);

/* Sends a signal, as it was received, to the calling thread once more. */
int sys_signal_again(int signal, const siginfo_t *info);

/*
 * Copies memory of this process that may not be there, from the lowest address as far as
 * it can be read. Returns how many bytes. Async-signal-safe, as all about signals here is.
 */
size_t sys_read_memory(void *to, uintptr_t from, size_t size);

/* From now on, who loses his parent among this process's descendants becomes its child, not init's.
 */
void sys_adopt_orphans(void);

/* The name by which ps, top and gdb show the calling thread; cut to 15 bytes. */
void sys_set_comm(const char *name);

/*
 * A descriptor of /dev/null that this process keeps, and that those it forks
 * inherit; a negative errno when there is none. sys_make_empty() puts it in the
 * place of another descriptor, open or not.
 */
int sys_null(void);
int sys_make_empty(int fd);

/* Whether the process ignores the ends of its children, so that the kernel reaps them. */
bool sys_children_are_ignored(void);

#endif
