/* SPDX-License-Identifier: MIT */
/*
 * The functions of libc that the library calls and that can fail, each with the
 * errors that it can fail with; and, of the library's own, those by which the heap
 * and the process table run full. A function is named here, and in meson.build for
 * the linker's --wrap.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "allocations.h"
#include "base/error.h"
#include "base/raw.h"
#include "fault.h"
#include "heap/table.h"

#define ERRORS(...) ((const int[]){__VA_ARGS__, 0})

/* Takes more arguments than it may have been given, as they cannot be told. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined", "thread")))

/* Sets errno and is true when the call is to fail. */
static bool fails(const char *call, const int *errors)
{
	int err = fault_next(call, errors);
	if (err)
		errno = err;
	return err != 0;
}

/* WRAP(type, name, (parameters), (arguments), failed, errors...) */
#define WRAP(type, name, parameters, arguments, failed, ...)                                 \
	type __real_##name parameters;                                                       \
	type __wrap_##name parameters;                                                       \
	type __wrap_##name parameters                                                        \
	{                                                                                    \
		return fails(#name, ERRORS(__VA_ARGS__)) ? failed : __real_##name arguments; \
	}

/* The same for a function with a second form for large files. */
#define WRAP64(type, name, parameters, arguments, failed, ...)       \
	WRAP(type, name, parameters, arguments, failed, __VA_ARGS__) \
	WRAP(type, name##64, parameters, arguments, failed, __VA_ARGS__)

/* WRAP() for what allocates. */
#define WRAP_NEW(type, name, parameters, arguments, ...)                   \
	type *__real_##name parameters;                                    \
	type *__wrap_##name parameters;                                    \
	type *__wrap_##name parameters                                     \
	{                                                                  \
		return fails(#name, ERRORS(__VA_ARGS__))                   \
			       ? NULL                                      \
			       : allocations_add(__real_##name arguments); \
	}

#define NO_FILE EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR

/* clang-format off */
WRAP_NEW(void, malloc, (size_t n), (n), ENOMEM)
WRAP_NEW(void, calloc, (size_t n, size_t size), (n, size), ENOMEM)
WRAP_NEW(char, strdup, (const char *s), (s), ENOMEM)
WRAP_NEW(char, strndup, (const char *s, size_t n), (s, n), ENOMEM)
WRAP(FILE *, open_memstream, (char **p, size_t *n), (p, n), NULL, ENOMEM)
WRAP(char *, getcwd, (char *p, size_t n), (p, n), NULL, ENOMEM, ENOENT, EACCES)
WRAP(ssize_t, __getdelim, (char **p, size_t *n, int c, FILE *f), (p, n, c, f), -1, ENOMEM)
WRAP(int, on_exit, (void (*f)(int, void *), void *p), (f, p), -1, ENOMEM)

WRAP64(FILE *, fopen, (const char *p, const char *m), (p, m), NULL, NO_FILE)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1, EIO, EINTR)
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), -1, EIO, ENOSPC, EAGAIN, EINTR)
WRAP(ssize_t, readlink, (const char *p, char *to, size_t n), (p, to, n), -1, EACCES, ENOMEM)
WRAP(int, rename, (const char *a, const char *b), (a, b), -1, EACCES, ENOSPC)
WRAP(int, unlink, (const char *p), (p), -1, EACCES)
WRAP(int, flock, (int fd, int op), (fd, op), -1, ENOLCK, EINTR)
WRAP(int, dup, (int fd), (fd), -1, EMFILE)
WRAP(int, dup2, (int fd, int to), (fd, to), -1, EBADF, EINTR)
WRAP(int, dup3, (int fd, int to, int f), (fd, to, f), -1, EBADF, EINTR)
WRAP(int, pipe2, (int *ends, int f), (ends, f), -1, EMFILE, ENFILE)
WRAP(int, eventfd, (unsigned n, int f), (n, f), -1, EMFILE, ENFILE, ENOMEM)
WRAP(int, epoll_create1, (int f), (f), -1, EMFILE, ENFILE, ENOMEM)
WRAP(int, epoll_ctl, (int fd, int op, int of, struct epoll_event *e), (fd, op, of, e), -1, ENOMEM,
     ENOSPC)
WRAP(int, timerfd_create, (int c, int f), (c, f), -1, EMFILE, ENFILE, ENOMEM)

WRAP(int, socket, (int a, int b, int c), (a, b, c), -1, EMFILE, ENFILE, ENOBUFS)
WRAP(int, socketpair, (int a, int b, int c, int *ends), (a, b, c, ends), -1, EMFILE, ENFILE, ENOMEM)
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1, ECONNREFUSED)
WRAP(ssize_t, send, (int fd, const void *p, size_t n, int f), (fd, p, n, f), -1, ENOBUFS, EAGAIN)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), -1, ENOMEM, EINTR)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), -1, ENOMEM, EINTR)

WRAP64(void *, mmap, (void *p, size_t n, int prot, int f, int fd, off_t o), (p, n, prot, f, fd, o),
       MAP_FAILED, ENOMEM, EPERM)
WRAP(int, madvise, (void *p, size_t n, int how), (p, n, how), -1, ENOMEM, EINVAL)
WRAP(int, memfd_create, (const char *s, unsigned f), (s, f), -1, EMFILE, ENFILE, ENOMEM, ENOSYS, EPERM)
WRAP64(int, ftruncate, (int fd, off_t n), (fd, n), -1, ENOSPC, EINTR)
WRAP64(int, fallocate, (int fd, int mode, off_t o, off_t n), (fd, mode, o, n), -1, ENOSPC, ENOMEM,
       EOPNOTSUPP, EINTR)

WRAP(pid_t, fork, (void), (), -1, EAGAIN, ENOMEM)
WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned f), (p, n, f), -1, ENOSYS, EAGAIN, EINTR)
WRAP(int, ppoll, (struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *m),
     (p, n, t, m), -1, EINTR)
WRAP(int, poll, (struct pollfd *p, nfds_t n, int t), (p, n, t), -1, EINTR)
WRAP(int, nanosleep, (const struct timespec *t, struct timespec *left), (t, left), -1, EINTR)
#if __GLIBC_PREREQ(2, 33)
WRAP64(int, stat, (const char *p, struct stat *s), (p, s), -1, EACCES, ENOENT)
WRAP64(int, fstat, (int fd, struct stat *s), (fd, s), -1, EBADF)
#endif

#define CREATED (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *p)
int __real_pthread_create CREATED;
int __wrap_pthread_create CREATED;
int __wrap_pthread_create CREATED
{
	int err = fault_next("pthread_create", ERRORS(EAGAIN));
	return err ? err : __real_pthread_create(t, a, f, p);
}
/* clang-format on */

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
	allocations_remove(p);
	__real_free(p);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
	if (fails("realloc", ERRORS(ENOMEM)))
		return NULL;
	allocations_remove(p);
	return allocations_add(__real_realloc(p, size));
}

char *__real_realpath(const char *path, char *to);
char *__wrap_realpath(const char *path, char *to);
char *__wrap_realpath(const char *path, char *to)
{
	if (fails("realpath", ERRORS(ENOMEM, EACCES, ENOENT)))
		return NULL;
	char *found = __real_realpath(path, to);
	return to ? found : allocations_add(found);
}

int __real_vasprintf(char **to, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **to, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **to, const char *format, va_list args)
{
	int r = fails("asprintf", ERRORS(ENOMEM)) ? -1 : __real_vasprintf(to, format, args);
	if (r >= 0)
		allocations_add(*to);
	return r;
}

static bool loading_failed;

void *__real_dlopen(const char *path, int flags);
void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlopen(const char *path, int flags)
{
	loading_failed = fails("dlopen", ERRORS(ENOMEM));
	return loading_failed ? NULL : __real_dlopen(path, flags);
}

char *__real_dlerror(void);
char *__wrap_dlerror(void);
char *__wrap_dlerror(void)
{
	static char sentence[] = "cannot allocate memory";
	return loading_failed ? sentence : __real_dlerror();
}

int __wrap_asprintf(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **to, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int r = __wrap_vasprintf(to, format, args);
	va_end(args);
	return r;
}

#define WRAP_OPEN(name)                                                                        \
	int __real_##name(const char *path, int flags, ...);                                   \
	int __wrap_##name(const char *path, int flags, ...);                                   \
	int __wrap_##name(const char *path, int flags, ...)                                    \
	{                                                                                      \
		va_list args;                                                                  \
		va_start(args, flags);                                                         \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;        \
		va_end(args);                                                                  \
		return fails("open", ERRORS(NO_FILE)) ? -1 : __real_##name(path, flags, mode); \
	}
WRAP_OPEN(open)
WRAP_OPEN(open64)

/* Only those commands that need something. */
static bool fcntl_fails(int command)
{
	if (command == F_DUPFD_CLOEXEC || command == F_DUPFD)
		return fails("fcntl", ERRORS(EMFILE));
	return command == F_ADD_SEALS && fails("fcntl", ERRORS(EPERM));
}

#define WRAP_FCNTL(name)                                                            \
	int __real_##name(int fd, int command, ...);                                \
	int __wrap_##name(int fd, int command, ...);                                \
	UNCHECKED int __wrap_##name(int fd, int command, ...)                       \
	{                                                                           \
		va_list args;                                                       \
		va_start(args, command);                                            \
		long arg = va_arg(args, long);                                      \
		va_end(args);                                                       \
		return fcntl_fails(command) ? -1 : __real_##name(fd, command, arg); \
	}
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

/* What the calls can fail with that have no function of their own, or are made in place. */
static const int *errors_of(long number, const char **name)
{
	static const struct {
		long number;
		const char *name;
		int errors[7];
	} calls[] = {
		{SYS_pidfd_open, "pidfd_open", {EMFILE, ENFILE, ENOMEM, ENOSYS, EPERM}},
		{SYS_pidfd_send_signal, "pidfd_send_signal", {ENOSYS, EPERM}},
		{SYS_waitid, "waitid", {EINTR}},
		{SYS_futex, "futex", {EINTR}},
		{SYS_prctl, "prctl", {EPERM, EINVAL}},
		{SYS_recvmsg, "recvmsg", {ENOMEM, EINTR}},
		{SYS_dup3, "dup3", {EBADF, EINTR}},
		{SYS_clone, "clone", {EAGAIN, ENOMEM}},
		{SYS_close_range, "close_range", {ENOSYS, EPERM}},
		{SYS_openat, "openat", {EMFILE, ENFILE, ENOMEM, EACCES, ENOENT}},
		{SYS_getdents64, "getdents64", {ENOENT}},
		{SYS_execveat, "execveat", {ENOSYS, EACCES, ENOMEM}},
		{SYS_execve, "execve", {EACCES, ENOMEM}},
		{SYS_get_robust_list, "get_robust_list", {EPERM}},
		{449 /* futex_waitv */, "futex_waitv", {ENOSYS, EPERM, EINTR}},
	};
	static const int none[] = {0};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		*name = calls[i].name;
		if (calls[i].number == number)
			return calls[i].errors;
	}
	return none;
}

/* What base/raw.h asks in the build for these tests: 0, or the negative errno. */
long fault_raw(long number)
{
	const char *name;
	const int *errors = errors_of(number, &name);
	return *errors ? -(long)fault_next(name, errors) : 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
UNCHECKED long __wrap_syscall(long number, ...)
{
	va_list args;
	long a[6];
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	bool cannot = number == SYS_getpid || (number == SYS_futex && (a[1] & 127) == FUTEX_WAKE);
	int err = cannot ? 0 : (int)-fault_raw(number);
	if (err) {
		errno = err;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
UNCHECKED int __wrap_prctl(int option, ...)
{
	va_list args;
	unsigned long a[4];
	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (fails("prctl", ERRORS(EPERM, EINVAL)))
		return -1;
	return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

int __real___clone(int (*f)(void *), void *stack, int flags, void *arg, ...);
int __wrap___clone(int (*f)(void *), void *stack, int flags, void *arg, ...);
UNCHECKED int __wrap___clone(int (*f)(void *), void *stack, int flags, void *arg, ...)
{
	va_list args;
	void *more[3];
	va_start(args, arg);
	for (int i = 0; i < 3; i++)
		more[i] = va_arg(args, void *);
	va_end(args);
	if (fails("clone", ERRORS(EAGAIN, ENOMEM, EPERM)))
		return -1;
	return __real___clone(f, stack, flags, arg, more[0], more[1], more[2]);
}

void *__real_block_alloc(size_t alignment, size_t size, heap_owner owner, bool *zeroed);
void *__wrap_block_alloc(size_t alignment, size_t size, heap_owner owner, bool *zeroed);
void *__wrap_block_alloc(size_t alignment, size_t size, heap_owner owner, bool *zeroed)
{
	if (fault_next("block_alloc", ERRORS(ENOMEM)))
		return error_null(ENOMEM, "the heap is full");
	return __real_block_alloc(alignment, size, owner, zeroed);
}

process_slot *__real_table_reserve(void);
process_slot *__wrap_table_reserve(void);
process_slot *__wrap_table_reserve(void)
{
	if (fault_next("table_reserve", ERRORS(EAGAIN)))
		return error_null(EAGAIN, "the process table is full");
	return __real_table_reserve();
}
