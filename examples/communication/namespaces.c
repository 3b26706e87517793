/* SPDX-License-Identifier: MIT */
/*
 * A namespace that two processes share: an attribute that one sets, the other reads. Before
 * that there is none, which is an error in whoever asks.
 */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	brood_namespace *ns;
	brood_event *event;
} shared_state;
BROOD_TYPE(shared_state, ns, event);

static void producer(void *arg)
{
	const shared_state *s = arg;
	brood_namespace_set(s->ns, "value", "This is the value");
	brood_event_set(s->event);
}

static void consumer(void *arg)
{
	const shared_state *s = arg;
	char *value = brood_namespace_get(s->ns, "value", brood_string);
	printf("Before event, consumer got: %s\n", value ? value : brood_error());
	brood_free(value);
	brood_event_wait(s->event);
	value = brood_namespace_get(s->ns, "value", brood_string);
	printf("After event, consumer got: %s\n", value);
	brood_free(value);
}

int main(void)
{
	brood_init();
	const shared_state s = {brood_namespace_new(), brood_event_new()};
	brood_process *p =
		brood_process_new(.target = producer, .args = BROOD_POINTED(shared_state, &s));
	brood_process *c =
		brood_process_new(.target = consumer, .args = BROOD_POINTED(shared_state, &s));

	brood_process_start(c);
	brood_sleep(0.3);
	brood_process_start(p);

	brood_process_join(c);
	brood_process_join(p);
}
