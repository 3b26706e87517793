/* SPDX-License-Identifier: MIT */
/* What happened, in one line. */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/signame.h"
#include "process/report.h"

static void say(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void say(struct report *report, const char *format, ...)
{
	size_t length = strlen(report->reason);
	va_list args;
	va_start(args, format);
	vsnprintf(report->reason + length, sizeof(report->reason) - length, format, args);
	va_end(args);
}

static const char *access_word(uint32_t access)
{
	switch (access) {
	case ACCESS_READ:
		return "read of";
	case ACCESS_WRITE:
		return "write to";
	case ACCESS_EXECUTE:
		return "call of";
	default:
		return "access to";
	}
}

/* Null, and what is reached through it: members of structs, elements of arrays. */
static const char *pointer_hint(uint64_t address)
{
	return address == 0	? " (a null pointer)"
	       : address < 4096 ? " (through a null pointer)"
				: "";
}

static void explain_segv(struct report *report)
{
	const struct crash_record *crash = report->crash;
	const char *access = access_word(crash->access);
	unsigned long long address = crash->address;
	if (report->public.stack_overflow)
		say(report, "the stack is full (recursion without end, or too large variables)");
	else if (crash->code == SEGV_MAPERR)
		say(report, "%s address 0x%llx, where nothing is mapped%s", access, address,
		    pointer_hint(address));
	else if (crash->code == SEGV_ACCERR)
		say(report, "%s address 0x%llx, which the memory there does not allow%s", access,
		    address, pointer_hint(address));
	else if (crash->code == SI_KERNEL)
		/* A general protection fault: the processor does not say of what. */
		say(report, "the processor refused an instruction: its address cannot be one, its "
			    "operand is not aligned, or it is not for programs");
	else
		say(report, "fault at address 0x%llx (code %d)", address, crash->code);
}

static void explain_bus(struct report *report)
{
	const struct crash_record *crash = report->crash;
	unsigned long long address = crash->address;
	if (crash->code == BUS_ADRALN)
		say(report, "address 0x%llx is not aligned", address);
	else if (crash->code == BUS_ADRERR)
		say(report,
		    "%s address 0x%llx, for which there is no page: its file is shorter "
		    "than the mapping, or memory ran out",
		    access_word(crash->access), address);
	else if (crash->code == BUS_MCEERR_AR || crash->code == BUS_MCEERR_AO)
		say(report, "the memory at address 0x%llx is broken", address);
	else
		say(report, "fault at address 0x%llx (code %d)", address, crash->code);
}

static void explain_fpe(struct report *report)
{
	static const char *const words[] = {
		[FPE_INTDIV] = "integer division by zero, or one that overflows",
		[FPE_INTOVF] = "integer overflow",
		[FPE_FLTDIV] = "floating-point division by zero",
		[FPE_FLTOVF] = "floating-point overflow",
		[FPE_FLTUND] = "floating-point underflow",
		[FPE_FLTRES] = "inexact floating-point result",
		[FPE_FLTINV] = "invalid floating-point operation",
		[FPE_FLTSUB] = "subscript out of range",
	};
	int code = report->crash->code;
	bool known = code > 0 && (size_t)code < sizeof(words) / sizeof(words[0]);
	say(report, "%s", known ? words[code] : "arithmetic fault");
}

/* What the C library said, which is one line mostly. */
static void explain_abort(struct report *report)
{
	const char *message = report->crash->message;
	size_t length = strcspn(message, "\r\n");
	if (length)
		say(report, "%.*s", (int)length, message);
	else
		say(report, "abort() was called");
}

static void explain_sent(struct report *report)
{
	const brood_report *public = &report->public;
	if (public->sender == public->pid)
		say(report, "sent by itself");
	else
		say(report, "sent by process %d of user %u", (int)public->sender,
		    (unsigned)public->sender_user);
}

static void explain_crash(struct report *report)
{
	const struct crash_record *crash = report->crash;
	if (crash->signal == SIGABRT && crash->sender == report->public.pid)
		explain_abort(report);
	else if (crash->code <= 0)
		explain_sent(report);
	else if (crash->signal == SIGSEGV)
		explain_segv(report);
	else if (crash->signal == SIGBUS)
		explain_bus(report);
	else if (crash->signal == SIGFPE)
		explain_fpe(report);
	else if (crash->signal == SIGILL)
		say(report, "illegal instruction at 0x%llx", (unsigned long long)crash->pc);
	else if (crash->signal == SIGSYS)
		say(report, "a system call that is not allowed");
	else
		say(report, "a trap instruction");
}

static bool is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS;
}

static const char before_init[] =
	"; its program, which is run anew, ended before it came to brood_init() in main()";

static void explain_signal(struct report *report)
{
	const brood_report *public = &report->public;
	const char *name = signame(public->signal);
	if (name)
		say(report, "%s: ", name);
	else
		say(report, "signal %d: ", public->signal);
	if (report->crash)
		explain_crash(report);
	else if (public->out_of_memory)
		say(report, "killed by the kernel, which had run out of memory");
	else
		say(report, "%s%s", strsignal(public->signal),
		    !is_crash(public->signal) ? ""
		    : report->never_began     ? before_init
		    : report->leaves_record
			    ? " (it left no record: the library's handler was not in force, or "
			      "had no stack or memory to work with)"
			    : "");
}

void report_explain(struct report *report)
{
	const brood_report *public = &report->public;
	if (public->signal)
		explain_signal(report);
	else if (public->exitcode == BROOD_NO_EXITCODE)
		say(report, "ended, but its status is lost: the program reaped it itself, or "
			    "ignores SIGCHLD");
	else if (public->error_type)
		say(report, "%s%s%s", public->error_type, *public->error_message ? ": " : "",
		    public->error_message);
	else
		say(report, "%s%s%s", brood_exitcode_text(public->exitcode),
		    report->never_began ? before_init : "",
		    report->never_began && public->exitcode == 1
			    ? ", or could not join the family's heap: then standard error says why"
			    : "");
}
