/* SPDX-License-Identifier: MIT */
/*
 * What is got from a namespace is a copy. The producer adds to its copy of the list, which changes
 * nothing for the others; it would have to set the attribute again.
 */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	const char **items;
	size_t count;
} string_list;
BROOD_TYPE(string_list, BROOD_MANY(brood_string, items, count));

typedef struct {
	brood_namespace *ns;
	brood_event *event;
} shared_state;
BROOD_TYPE(shared_state, ns, event);

static void show(const char *when, brood_namespace *ns)
{
	string_list *list = brood_namespace_get(ns, "my_list", string_list);
	printf("%s event, consumer got: [", when);
	for (size_t i = 0; i < list->count; i++)
		printf("%s'%s'", i ? ", " : "", list->items[i]);
	puts("]");
	brood_free(list);
}

static void producer(void *arg)
{
	const shared_state *s = arg;
	const char *items[] = {"This is the value"};
	/* DOES NOT UPDATE THE SHARED VALUE! */
	string_list *list = brood_namespace_get(s->ns, "my_list", string_list);
	list->items = items;
	list->count = 1;
	brood_free(list);
	brood_event_set(s->event);
}

static void consumer(void *arg)
{
	const shared_state *s = arg;
	show("Before", s->ns);
	brood_event_wait(s->event);
	show("After", s->ns);
}

int main(void)
{
	brood_init();
	const shared_state s = {brood_namespace_new(), brood_event_new()};
	brood_namespace_set_value(s.ns, "my_list", BROOD_ARGS(string_list, .count = 0));

	brood_process *p = brood_start(.target = producer, .args = BROOD_POINTED(shared_state, &s));
	brood_process *c = brood_start(.target = consumer, .args = BROOD_POINTED(shared_state, &s));

	brood_process_join(c);
	brood_process_join(p);
}
