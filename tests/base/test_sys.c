/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sigmask.h"
#include "base/sys.h"

/* A child that ends with 7 once its end of the pipe sees the other closed. */
static pid_t child_until_closed(int *ret_pipe)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char c;
		close(ends[1]);
		_exit(read(ends[0], &c, 1) == 0 ? 7 : 1);
	}
	close(ends[0]);
	*ret_pipe = ends[1];
	return pid;
}

static void test_wait_pidfd(void **state)
{
	(void)state;
	int hold;
	pid_t pid = child_until_closed(&hold);
	int fd = sys_pidfd_open(pid);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	siginfo_t info;
	struct timespec at_once = {0};
	assert_int_equal(sys_wait_child(pid, fd, WEXITED | WNOHANG, &info), 0);
	assert_int_equal(sys_pidfd_wait(fd, &at_once), 0);
	assert_false(sys_pidfd_ended(fd));
	assert_int_equal(sys_pidfd_signal(fd, 0), 0);
	close(hold);
	assert_int_equal(sys_pidfd_wait(fd, NULL), 1);
	assert_int_equal(sys_wait_child(pid, fd, WEXITED, &info), 1);
	assert_int_equal(info.si_pid, pid);
	assert_int_equal(info.si_code, CLD_EXITED);
	assert_int_equal(info.si_status, 7);
	assert_int_equal(sys_wait_child(pid, fd, WEXITED, &info), -ECHILD);
	assert_int_equal(sys_pidfd_signal(fd, SIGTERM), -ESRCH);
	int status = -1, r = sys_pidfd_status(fd, &status);
	assert_true(r == 0 || r == -ENODATA);
	if (r == 0)
		assert_int_equal(WEXITSTATUS(status), 7);
	else
		assert_int_equal(status, -1);
	close(fd);
	assert_int_equal(sys_pidfd_open(-1), -EINVAL);
}

static void test_status_of_living(void **state)
{
	(void)state;
	int status = -1, fd = sys_pidfd_open(getpid());
	assert_true(fd >= 0);
	assert_int_equal(sys_pidfd_status(fd, &status), -ENODATA);
	assert_int_equal(status, -1);
	close(fd);
}

static void test_memfd(void **state)
{
	(void)state;
	struct stat st;
	int fd = sys_memfd("test", 1 << 20);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 2 << 20), -1);
	assert_int_equal(sys_allocate(fd, 0, 65536), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, 128);
	assert_int_equal(sys_punch(fd, 0, 65536), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_blocks, 0);
	assert_int_equal(st.st_size, 1 << 20);
	close(fd);
	assert_int_equal(sys_punch(fd, 0, 65536), -EBADF);
}

static void test_futex(void **state)
{
	(void)state;
	_Atomic uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(word != MAP_FAILED);
	struct timespec shortly = {.tv_nsec = 1000000};
	assert_int_equal(sys_futex_wait(word, 1, NULL), 0);
	assert_int_equal(sys_futex_wait(word, 0, &shortly), -ETIMEDOUT);
	assert_int_equal(sys_futex_wake(word, 1), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		while (*word == 0)
			sys_futex_wait(word, 0, NULL);
		_exit(0);
	}
	*word = 1;
	assert_in_range(sys_futex_wake(word, 5), 0, 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	munmap((void *)(uintptr_t)word, 4096);
}

static void test_read_file(void **state)
{
	(void)state;
	char path[] = "/tmp/brood-sys-XXXXXX", text[8];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(sys_write_all(fd, "0123456789", 10), 0);
	close(fd);
	assert_int_equal(sys_read_file(path, text, sizeof(text)), 7);
	assert_string_equal(text, "0123456");
	char whole[20];
	assert_int_equal(sys_read_file(path, whole, sizeof(whole)), 10);
	assert_string_equal(whole, "0123456789");
	unlink(path);
	assert_int_equal(sys_read_file(path, whole, sizeof(whole)), -ENOENT);
	assert_string_equal(whole, "0123456789");
	assert_int_equal(sys_read_file("/tmp", whole, sizeof(whole)), -EISDIR);
}

/* More than a pipe holds: the rest follows as the other side reads. */
static void test_write_all(void **state)
{
	(void)state;
	enum { SIZE = 1 << 20 };
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char *zeros = calloc(1, SIZE);
		close(ends[0]);
		_exit(zeros && sys_write_all(ends[1], zeros, SIZE) == 0 ? 0 : 1);
	}
	close(ends[1]);
	char buffer[4096];
	ssize_t r, total = 0;
	while ((r = read(ends[0], buffer, sizeof(buffer))) > 0)
		total += r;
	assert_int_equal(total, SIZE);
	close(ends[0]);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(sys_write_all(-1, "x", 1), -EBADF);
}

static bool is_blocked(int signal)
{
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, signal) == 1;
}

static bool blocked_inside(void)
{
	SIGMASK_BLOCK_ALL(mask);
	return is_blocked(SIGTERM) && is_blocked(SIGUSR1);
}

static bool one_blocked_inside(void)
{
	SIGMASK_BLOCK(mask, SIGPIPE);
	return is_blocked(SIGPIPE) && is_blocked(SIGUSR1) && !is_blocked(SIGTERM);
}

static void test_sigmask(void **state)
{
	(void)state;
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	assert_true(blocked_inside());
	assert_true(one_blocked_inside());
	assert_false(is_blocked(SIGPIPE));
	assert_true(is_blocked(SIGUSR1));
	assert_false(is_blocked(SIGTERM));
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static bool is_pending(int signal)
{
	sigset_t now;
	sigpending(&now);
	return sigismember(&now, signal) == 1;
}

/* A SIGPIPE that kills would end the test. */
static void test_write_without_sigpipe(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(sys_write_all(ends[1], "x", 1), -EPIPE);
	assert_false(is_blocked(SIGPIPE));

	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	assert_int_equal(sys_write_all(ends[1], "x", 1), -EPIPE);
	assert_false(is_pending(SIGPIPE));
	/* The program's own stays. */
	raise(SIGPIPE);
	assert_int_equal(sys_write_all(ends[1], "x", 1), -EPIPE);
	assert_true(is_pending(SIGPIPE));
	int taken;
	assert_int_equal(sigwait(&one, &taken), 0);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	close(ends[1]);
}

static void test_kill_one(void **state)
{
	(void)state;
	assert_int_equal(sys_kill(getpid(), 0), 0);
	assert_int_equal(sys_kill(0, 0), -ESRCH);
	assert_int_equal(sys_kill(-1, 0), -ESRCH);
	assert_int_equal(sys_kill(-getpgrp(), 0), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait_pidfd), cmocka_unit_test(test_status_of_living),
		cmocka_unit_test(test_memfd),	   cmocka_unit_test(test_futex),
		cmocka_unit_test(test_read_file),  cmocka_unit_test(test_write_all),
		cmocka_unit_test(test_sigmask),	   cmocka_unit_test(test_write_without_sigpipe),
		cmocka_unit_test(test_kill_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
