/* SPDX-License-Identifier: MIT */
/* Two processes talk through the ends of a pipe. */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	int a, b;
} question;
BROOD_TYPE(question, a, b);

static void adder(void *arg)
{
	brood_connection *c = arg;
	question *q;
	while ((q = brood_recv(c, question))) {
		brood_send(c, int, q->a + q->b);
		brood_free(q);
	}
	printf("%s: %s\n", brood_name(), brood_error());
}

int main(void)
{
	brood_init();
	brood_pipe pipe = brood_pipe_new();
	brood_process *p = brood_start(.target = adder, .args = BROOD_VALUE(pipe.second));
	brood_connection_close(pipe.second);
	for (int i = 1; i <= 3; i++) {
		brood_send(pipe.first, question, .a = i, .b = 10);
		int *sum = brood_recv(pipe.first, int);
		printf("%d + 10 = %d\n", i, *sum);
		brood_free(sum);
	}
	fflush(stdout);
	brood_connection_close(pipe.first);
	brood_process_join(p);
}
