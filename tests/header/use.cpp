// SPDX-License-Identifier: MIT
// A C++ program uses the functions and the option structs: compiled only, never run.

#include <cstdio>

#include "brood/brood.h"

static void target(void *) {}

int main()
{
	brood_process_options options;
	options.target = target;
	options.name = "one";
	options.daemon = BROOD_NO;
	brood_process *p = brood_start_with(&options);
	brood_pipe_options one_way;
	one_way.one_way = true;
	brood_pipe pipe = brood_pipe_new_with(&one_way);
	brood_connection_send_bytes(pipe.writer, "text", 4);
	char text[BROOD_REPR_SIZE];
	brood_process_format(p, text, sizeof(text));
	std::puts(text);
	brood_process_join_timed(p, BROOD_FOREVER);
	brood_process_free(p);
	return brood_process_exitcode(nullptr) == BROOD_NO_EXITCODE;
}
