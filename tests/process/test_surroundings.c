/* SPDX-License-Identifier: MIT */
/* What a process of the fork server shares with its starter, as it is at the moment of its start.
 * What crosses in general is in test_crossing.c. */

#include "forkservers.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(void) {}

static void say_surroundings(void)
{
	struct rlimit limit;
	cpu_set_t processors;
	getrlimit(RLIMIT_MSGQUEUE, &limit);
	sched_getaffinity(0, sizeof(processors), &processors);
	char folder[200];
	printf("same nice %d limit %d processors %d folder %s value %s umask %o\n",
	       getpriority(PRIO_PROCESS, 0) == getpriority(PRIO_PROCESS, (id_t)getppid()),
	       (int)limit.rlim_cur, CPU_COUNT(&processors), getcwd(folder, sizeof(folder)),
	       getenv("VALUE"), umask(0));
}

static int changes_everything(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	setenv("VALUE", "first", 1);
	setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){.rlim_cur = 7, .rlim_max = 8});
	sched_getaffinity(0, sizeof(one), &one);
	for (size_t i = 0, kept = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &one) && kept++)
			CPU_CLR(i, &one);
	run_here(nothing);
	run_here(say_surroundings);
	setenv("VALUE", "second", 1);
	umask(026);
	if (chdir("/usr") < 0 ||
	    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 3) < 0 ||
	    sched_setaffinity(0, sizeof(one), &one) < 0 ||
	    setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){.rlim_cur = 5, .rlim_max = 5}) < 0)
		return 1;
	run_here(say_surroundings);
	clearenv();
	run_here(say_surroundings);
	return 0;
}

static void test_what_has_changed_is_shared(void **state)
{
	(void)state;
	outcome end;
	run_role("changes_everything", NULL, &end);
	const char *second = strchr(end.out, '\n') + 1;
	assert_true(strncmp(end.out, "same nice 1 limit 7 ", 20) == 0);
	assert_non_null(strstr(end.out, "value first umask 22\n"));
	assert_string_equal(second,
			    "same nice 1 limit 5 processors 1 folder /usr value second umask 26\n"
			    "same nice 1 limit 5 processors 1 folder /usr value (null) umask 26\n");
	assert_int_equal(end.status, 0);
}

static void say_streams(void)
{
	printf("out\n");
	fprintf(stderr, "err\n");
	brood_sleep(0);
	exit(fcntl(STDERR_FILENO, F_GETFD) < 0 ? 3 : 0);
}

static int changes_its_streams(void)
{
	FILE *file = tmpfile();
	char text[100] = "";
	int error = dup(STDERR_FILENO), output = dup(STDOUT_FILENO);
	run_here(say_streams);
	fprintf(file, "head\n");
	fflush(file);
	dup2(fileno(file), STDOUT_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	run_here(say_streams); /* shares the offset with this process */
	close(STDERR_FILENO);
	int code = run_here(say_streams);
	dup2(output, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	printf("%d\n%s", code, text);
	return 0;
}

static void test_streams_are_those_of_the_moment(void **state)
{
	(void)state;
	outcome end;
	run_role("changes_its_streams", NULL, &end);
	assert_string_equal(end.err, "err\n");
	assert_non_null(strstr(end.out, "3\nhead\n"));
	const char *file = strstr(end.out, "head\n");
	assert_non_null(strstr(file, "err\n"));
	assert_non_null(strstr(strstr(file, "out\n") + 1, "out\n"));
	assert_int_equal(end.status, 0);
}

static void say_privileges(void)
{
	struct utsname name;
	uname(&name);
	char own[64] = "", parents[64] = "", path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)getppid());
	bool told = readlink("/proc/self/ns/mnt", own, sizeof(own) - 1) > 0 &&
		    readlink(path, parents, sizeof(parents) - 1) > 0;
	printf("user %d alone %d host %s%s\n", (int)getuid(),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       strcmp(name.nodename, "elsewhere") == 0 ? name.nodename : "here",
	       told && strcmp(own, parents) != 0 ? " other mounts" : "");
}

static int gives_up_privileges(void)
{
	run_here(say_privileges);
	if (unshare(CLONE_NEWUTS) < 0 || sethostname("elsewhere", 9) < 0)
		return 77;
	run_here(say_privileges);
	if (unshare(CLONE_NEWNS) < 0)
		return 77;
	run_here(say_privileges);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	run_here(say_privileges);
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 77;
	run_here(say_privileges);
	return 0;
}

static void test_privileges_are_those_of_the_moment(void **state)
{
	(void)state;
	outcome end;
	if (getuid() != 0)
		skip();
	run_role("gives_up_privileges", NULL, &end);
	if (WEXITSTATUS(end.status) == 77)
		skip();
	assert_string_equal(end.out, "user 0 alone 0 host here\n"
				     "user 0 alone 0 host elsewhere\n"
				     "user 0 alone 0 host elsewhere\n"
				     "user 0 alone 1 host elsewhere\n"
				     "user 65534 alone 1 host elsewhere\n");
	assert_int_equal(end.status, 0);
}

static void say_folder(void)
{
	char folder[200];
	printf("in %s\n", getcwd(folder, sizeof(folder)));
}

static void start_in_folder(int err, const char *sentence)
{
	brood_process *p = brood_start(.call = say_folder, .start_method = "forkserver");
	printf("%d %d\n", !p && errno == err, !p && strstr(brood_error(), sentence) != NULL);
	if (p)
		code_of(p);
}

static int may_not_enter_its_folder(void)
{
	char folder[] = "/tmp/brood-XXXXXX";
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	rmdir(folder); /* it stays for who is in it */
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return 77;
	start_in_folder(EACCES, "chdir()");
	return chdir("/usr") < 0 || run_here(say_folder);
}

static int has_few_descriptors(void)
{
	int first = dup(STDIN_FILENO), last, fd;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 64, .rlim_max = 64});
	if (chdir("/usr") < 0 || run_here(nothing) != 0)
		return 1;
	for (last = first; (fd = dup(first)) >= 0; last = fd)
		;
	close(last);
	start_in_folder(EMFILE, "ulimit -n");
	close(first);
	return run_here(say_folder);
}

static void test_the_folder_is_the_starters_or_nothing_starts(void **state)
{
	(void)state;
	outcome end;
	run_role("has_few_descriptors", NULL, &end);
	assert_string_equal(end.out, "1 1\nin /usr\n");
	assert_int_equal(end.status, 0);
	if (getuid() != 0)
		skip();
	run_role("may_not_enter_its_folder", NULL, &end);
	if (WEXITSTATUS(end.status) == 77)
		skip();
	assert_string_equal(end.out, "1 1\nin /usr\n");
	assert_int_equal(end.status, 0);
}

static int closes_its_output(void)
{
	run_here(nothing);
	printf("%d\n", find_child("brood-warm") > 0);
	fflush(stdout);
	close(STDOUT_FILENO);
	brood_sleep(60);
	return 0;
}

static void test_warm_children_hold_no_stream(void **state)
{
	(void)state;
	int fd;
	char text[10];
	pid_t root = start_role("closes_its_output", &fd);
	assert_int_equal(read(fd, text, sizeof(text)), 2);
	assert_int_equal(text[0], '1');
	assert_int_equal(read(fd, text, sizeof(text)), 0); /* it ends, though they live */
	kill(root, SIGKILL);
	waitpid(root, NULL, 0);
	close(fd);
}

static const role roles[] = {
	ROLE(changes_everything), ROLE(changes_its_streams),	  ROLE(gives_up_privileges),
	ROLE(closes_its_output),  ROLE(may_not_enter_its_folder), ROLE(has_few_descriptors),
};

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_what_has_changed_is_shared),
		TEST(test_streams_are_those_of_the_moment),
		TEST(test_privileges_are_those_of_the_moment),
		TEST(test_the_folder_is_the_starters_or_nothing_starts),
		TEST(test_warm_children_hold_no_stream),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
