/* SPDX-License-Identifier: MIT */
#ifndef BROOD_REPORT_H
#define BROOD_REPORT_H

/*
 * How a process ended, in full: what Python tells with an uncaught exception, and for
 * what C has besides, the signal that kills.
 *
 *	brood_process_join(p);
 *	if (brood_process_exitcode(p) != 0) {
 *		brood_report *report = brood_process_report(p);
 *		brood_report_print(report, stderr);
 *		brood_report_free(report);
 *	}
 *
 * or for every process, by itself: .on_report = brood_report_to_stderr in its options.
 *
 * A process that crashes (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, left to
 * their default) writes down where it was, and dies as it would have died: by its signal, with
 * a core dump if one is due. The parent turns the addresses into functions, files and
 * lines when the report's stack is first asked for, in a helper process with limits of time
 * and memory, since reading debug information is work on whatever the files hold. What the
 * process wrote to its log last, shown or not, is in its report, too, whatever killed it.
 *
 * Handlers of the program's own for these signals stay in force; one that is installed
 * later and calls the one before it, as handlers should, leads to a report as well. The
 * main program's signals are never touched. Without a place to run the handler on, a
 * stack that is full tells nothing: threads that the program makes call
 * brood_thread_setup(). Nor does a process tell where it crashed that has reset, blocked or
 * ignored the signal, or has executed another program.
 */

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "brood/process.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A call on a stack. Strings are the report's; NULL what is not known. */
typedef struct brood_frame {
	const char *function;
	const char *file;   /* as the compiler was told */
	int line;	    /* in file; 0: not known */
	const char *source; /* the text of that line, if the file can be read */
	const char *module; /* the program or library */
	uint64_t offset;    /* of the address in the function, or in the module: for addr2line(1) */
	uint64_t address;   /* in the process that ended */
} brood_frame;

/* A line of a process's log. */
typedef struct brood_last_word {
	int level;
	struct timespec created; /* CLOCK_REALTIME */
	const char *logger;	 /* its name, cut to 15 bytes */
	const char *message;	 /* cut where it was long */
} brood_last_word;

/*
 * A process's end. From brood_process_report() to brood_report_free(); it is a copy that
 * needs neither the process nor its object any more. Times are seconds, sizes bytes; -1
 * where the kernel did not tell.
 */
typedef struct brood_report {
	size_t size; /* of this struct, as the library knows it */
	const char *name;
	const char *start_method;
	/* What happened, in one line: "SIGSEGV: write to address 0x0, where nothing is mapped". */
	const char *reason;
	pid_t pid;
	int exitcode; /* as brood_process_exitcode(); BROOD_NO_EXITCODE when it is lost */

	/* Of a death by a signal; else 0. */
	int signal;
	bool core_dumped;
	bool out_of_memory; /* probably by the kernel's OOM killer: its count rose meanwhile */
	bool stack_overflow;

	/* Of a crash that was recorded: what the kernel said (sigaction(2)), and in which thread it
	 * was. */
	bool recorded;
	int signal_code;
	uint64_t address; /* of a fault */
	pid_t sender;	  /* of a signal that was sent, as by kill(2); else 0 */
	uid_t sender_user;
	pid_t thread; /* as gettid() */
	const char *thread_name;

	/* Of brood_raise(): what it was called with, a message cut to 24 KiB; else NULL. */
	const char *error_type;
	const char *error_message;

	double run_time;       /* from start to when its end was noticed */
	double user_time;      /* of processor, with that of children it waited for */
	double system_time;    /* the same, in the kernel */
	long long peak_memory; /* resident; a forked process begins with what it shares */

	/* The last lines that it logged, oldest first. */
	const brood_last_word *last_words;
	int last_word_count;
} brood_report;

/*
 * Reports on a process that has ended (joined or not) and was made by the calling one. Returns the
 * report, to be freed with brood_report_free(). NULL with errno EBUSY (it has not ended: join
 * it first), EINVAL (not started, closed, of another process), ENOMEM. Does not block.
 */
BROOD_API brood_report *brood_process_report(brood_process *process);

/*
 * The stack of the thread that crashed or raised an error, outermost call first, without the
 * calls that lead to the target. Sets *ret_count (which may be NULL); NULL with a count of 0
 * when there is none: the process ended otherwise, crash reports were off, or it could not leave
 * a record (reason says so). Borrowed from the report. The first call for a crash takes as long as
 * reading the debug information, and at most ten seconds; after that, there are offsets for names.
 * Without elfutils' libdw there are the names that modules export, and the calls are found by
 * frame pointers: code built without them is passed over. Where calls are known to be missing, in
 * frames of more than 256 KiB or below a signal handler's own stack, the printed report says so.
 * From one thread at a time.
 */
BROOD_API const brood_frame *brood_report_stack(brood_report *report, int *ret_count);

/*
 * Prints the report in the specification's form:
 *
 *	Process NAME:
 *	Traceback (most recent call last):
 *	  File "FILE", line LINE, in FUNCTION
 *	    TEXT OF THE LINE
 *	REASON
 *
 * and below it, in brackets, what the process used, and its last words. On a terminal the line
 * that failed stands out (not with NO_COLOR in the environment). Returns 0, -EINVAL, or
 * the negative errno of the stream. It may block as brood_report_stack() does.
 */
BROOD_API int brood_report_print(brood_report *report, FILE *stream);

/* Frees it; NULL is allowed. */
BROOD_API void brood_report_free(brood_report *report);

/*
 * For the option on_report: prints the reports of processes that ended by a signal that this
 * one did not send, or before they came to brood_init(), and those of others not. (Those that
 * raised an error have printed it themselves, and SIGINT is Ctrl-C, which a terminal sends to
 * all.) data is not used.
 */
BROOD_API void brood_report_to_stderr(brood_report *report, void *data);

/*
 * For threads that the program makes in a process: gives the calling thread an alternate stack,
 * so that even the overflow of its own is reported. It goes with the thread. Returns 0, also
 * where it has one; -ENOMEM.
 */
BROOD_API int brood_thread_setup(void);

/*
 * An exit code (as brood_process_exitcode() gives it) in words: "exited with 3", "killed by
 * SIGTERM", "killed by signal 35", "not ended, or not known how". The macro's string lives to the
 * end of the enclosing block; brood_exitcode_text_into() writes at most size bytes and returns
 * buffer.
 */
#ifndef __cplusplus
#define brood_exitcode_text(exitcode) \
	brood_exitcode_text_into((exitcode), (char[BROOD_EXITCODE_SIZE]){0}, BROOD_EXITCODE_SIZE)
#endif
#define BROOD_EXITCODE_SIZE 48
BROOD_API const char *brood_exitcode_text_into(int exitcode, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
