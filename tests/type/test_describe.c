/* SPDX-License-Identifier: MIT */
/* What BROOD_TYPE and BROOD_STRUCT say about a struct, and fingerprints. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "brood/type.h"
#include "type/fingerprint.h"

typedef enum color { RED, GREEN } color;

typedef struct scalars {
	bool a;
	char b;
	signed char c;
	unsigned char d;
	short e;
	unsigned short f;
	int g;
	unsigned h;
	long i;
	unsigned long j;
	long long k;
	unsigned long long l;
	float m;
	double n;
	color o;
} scalars;
BROOD_TYPE(scalars, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);

typedef struct arrays {
	bool a[2];
	char b[16];
	signed char c[2];
	unsigned char d[3];
	short e[4];
	unsigned short f[5];
	int g[6];
	unsigned h[7];
	long i[8];
	unsigned long j[9];
	long long k[10];
	unsigned long long l[11];
	float m[12];
	double n[13];
	color o[14];
	char p[3][8];
	int q[1];
} arrays;
BROOD_TYPE(arrays, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);

typedef struct constants {
	const int a;
	const char b[16];
	const char *const c;
	char *const d;
	const double e[2];
	const brood_bytes f;
	brood_queue *const g;
	const color h;
	const char *const i[2];
} constants;
BROOD_TYPE(constants, a, b, c, d, e, f, g, h, i);

typedef struct handles {
	brood_lock *a;
	brood_rlock *b;
	brood_semaphore *c;
	brood_event *d;
	brood_condition *e;
	brood_barrier *f;
	brood_queue *g;
	brood_connection *h;
	brood_pool *i[2];
} handles;
BROOD_TYPE(handles, a, b, c, d, e, f, g, h, i);

typedef struct point {
	int x, y;
} point;
BROOD_TYPE(point, x, y);

typedef struct tree {
	point where, corners[4];
	double *xs, *ys;
	short n_xs;
	struct tree *children;
	size_t n_children;
	const char **names;
	char **aliases;
	uint8_t n_names;
	void *slots[3];
	const struct tree *const next;
	bool *flags;
	unsigned n_flags;
} tree;
BROOD_TYPE(tree, BROOD_NESTED(point, where), BROOD_NESTED(point, corners),
	   BROOD_COUNTED(double, xs, n_xs), BROOD_COUNTED(double, ys, n_xs), n_xs,
	   BROOD_MANY(tree, children, n_children), BROOD_COUNTED(brood_string, names, n_names),
	   BROOD_MANY(brood_string, aliases, n_names), BROOD_SHARED(slots), BROOD_SHARED(next),
	   BROOD_MANY(bool, flags, n_flags));

BROOD_STRUCT(record, (int, id), (char[16], label), (const char *, path), BROOD_NESTED(point, where),
	     BROOD_MANY(point, corners, n_corners), BROOD_SHARED(struct record *, head),
	     BROOD_COUNTED(int, values, n_corners));

typedef struct aligned {
	char a;
	_Alignas(32) int b;
	char c;
} aligned;
BROOD_TYPE(aligned, a, b, c);

typedef struct __attribute__((aligned(64))) line {
	int a;
} line;
BROOD_TYPE(line, a);

typedef struct wide {
	int f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19,
		f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32;
} wide;
BROOD_TYPE(wide, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18,
	   f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32);

/* The same words in another place: what another program may call a point. */
static const brood_field other_fields[] = {
	{"x", &brood_type_int, NULL, 0, 1, 0},
	{"y", &brood_type_int, NULL, 4, 1, 0},
};
static const brood_type other_point = {"point", other_fields, NULL, 8, 4, 2, BROOD_KIND_STRUCT};

static void assert_field(const brood_type *type, unsigned i, const char *name, brood_kind kind,
			 size_t size, size_t count)
{
	const brood_field *field = &type->fields[i];
	assert_true(i < type->n_fields);
	assert_string_equal(field->name, name);
	assert_int_equal(field->type->kind, kind);
	assert_int_equal(field->type->size, size);
	assert_int_equal(field->count, count);
}

static const struct {
	brood_kind kind;
	size_t size;
} expected[] = {
	{BROOD_KIND_BOOL, 1},	  {BROOD_KIND_CHAR, 1},	    {BROOD_KIND_SIGNED, 1},
	{BROOD_KIND_UNSIGNED, 1}, {BROOD_KIND_SIGNED, 2},   {BROOD_KIND_UNSIGNED, 2},
	{BROOD_KIND_SIGNED, 4},	  {BROOD_KIND_UNSIGNED, 4}, {BROOD_KIND_SIGNED, 8},
	{BROOD_KIND_UNSIGNED, 8}, {BROOD_KIND_SIGNED, 8},   {BROOD_KIND_UNSIGNED, 8},
	{BROOD_KIND_FLOAT, 4},	  {BROOD_KIND_FLOAT, 8},    {BROOD_KIND_UNSIGNED, 4},
};

static void test_scalars(void **state)
{
	(void)state;
	assert_int_equal(brood_type_scalars.n_fields, 15);
	assert_int_equal(brood_type_scalars.size, sizeof(scalars));
	assert_int_equal(brood_type_scalars.kind, BROOD_KIND_STRUCT);
	assert_string_equal(brood_type_scalars.name, "scalars");
	for (unsigned i = 0; i < 15; i++) {
		const char name[] = {(char)('a' + i), '\0'};
		assert_field(&brood_type_scalars, i, name, expected[i].kind, expected[i].size, 1);
	}
	assert_int_equal(brood_type_scalars.fields[13].offset, offsetof(scalars, n));
}

static void test_arrays(void **state)
{
	(void)state;
	static const size_t counts[] = {2, 16, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
	assert_int_equal(brood_type_arrays.n_fields, 17);
	for (unsigned i = 0; i < 15; i++) {
		const char name[] = {(char)('a' + i), '\0'};
		assert_field(&brood_type_arrays, i, name, expected[i].kind, expected[i].size,
			     counts[i]);
	}
	assert_field(&brood_type_arrays, 15, "p", BROOD_KIND_CHAR, 1, 24);
	assert_field(&brood_type_arrays, 16, "q", BROOD_KIND_SIGNED, 4, 1);
}

static void test_constants(void **state)
{
	(void)state;
	const brood_type *type = &brood_type_constants;
	assert_field(type, 0, "a", BROOD_KIND_SIGNED, 4, 1);
	assert_field(type, 1, "b", BROOD_KIND_CHAR, 1, 16);
	assert_field(type, 2, "c", BROOD_KIND_STRING, 8, 1);
	assert_field(type, 3, "d", BROOD_KIND_STRING, 8, 1);
	assert_field(type, 4, "e", BROOD_KIND_FLOAT, 8, 2);
	assert_field(type, 5, "f", BROOD_KIND_BYTES, 16, 1);
	assert_field(type, 6, "g", BROOD_KIND_HANDLE, 8, 1);
	assert_field(type, 7, "h", BROOD_KIND_UNSIGNED, 4, 1);
	assert_field(type, 8, "i", BROOD_KIND_STRING, 8, 2);
}

static void test_handles(void **state)
{
	(void)state;
	assert_int_equal(brood_type_handles.n_fields, 9);
	for (unsigned i = 0; i < 9; i++) {
		const char name[] = {(char)('a' + i), '\0'};
		assert_field(&brood_type_handles, i, name, BROOD_KIND_HANDLE, 8, i == 8 ? 2 : 1);
	}
	assert_string_equal(brood_type_handles.fields[6].type->name, "brood_queue *");
}

static void test_marks(void **state)
{
	(void)state;
	const brood_type *type = &brood_type_tree;
	assert_int_equal(type->n_fields, 14);
	assert_field(type, 0, "where", BROOD_KIND_STRUCT, sizeof(point), 1);
	assert_field(type, 1, "corners", BROOD_KIND_STRUCT, sizeof(point), 4);
	assert_field(type, 2, "xs", BROOD_KIND_FLOAT, 8, 1);
	assert_field(type, 3, "ys", BROOD_KIND_FLOAT, 8, 1);
	assert_field(type, 4, "n_xs", BROOD_KIND_SIGNED, 2, 1);
	assert_int_equal(type->fields[3].counter->size, 2);
	assert_int_equal(type->fields[3].counter_offset, offsetof(tree, n_xs));
	assert_field(type, 5, "children", BROOD_KIND_STRUCT, sizeof(tree), 1);
	assert_ptr_equal(type->fields[5].type, type);
	assert_field(type, 6, "n_children", BROOD_KIND_UNSIGNED, 8, 1);
	assert_field(type, 7, "names", BROOD_KIND_STRING, 8, 1);
	assert_field(type, 8, "aliases", BROOD_KIND_STRING, 8, 1);
	assert_field(type, 10, "slots", BROOD_KIND_SHARED, 8, 3);
	assert_field(type, 11, "next", BROOD_KIND_SHARED, 8, 1);
	assert_field(type, 12, "flags", BROOD_KIND_BOOL, 1, 1);
}

static void test_struct_form(void **state)
{
	(void)state;
	const brood_type *type = &brood_type_record;
	record r = {.id = 1, .n_corners = (size_t)2};
	struct record *same = &r;
	assert_int_equal(same->id, 1);
	assert_int_equal(type->n_fields, 8);
	assert_int_equal(sizeof(r.label), 16);
	assert_field(type, 0, "id", BROOD_KIND_SIGNED, 4, 1);
	assert_field(type, 1, "label", BROOD_KIND_CHAR, 1, 16);
	assert_field(type, 2, "path", BROOD_KIND_STRING, 8, 1);
	assert_field(type, 3, "where", BROOD_KIND_STRUCT, 8, 1);
	assert_field(type, 4, "corners", BROOD_KIND_STRUCT, 8, 1);
	assert_field(type, 5, "n_corners", BROOD_KIND_UNSIGNED, 8, 1);
	assert_field(type, 6, "head", BROOD_KIND_SHARED, 8, 1);
	assert_field(type, 7, "values", BROOD_KIND_SIGNED, 4, 1);
}

static void test_alignment(void **state)
{
	(void)state;
	assert_int_equal(brood_type_aligned.alignment, 32);
	assert_int_equal(brood_type_aligned.fields[1].offset, 32);
	assert_int_equal(brood_type_line.alignment, 64);
	assert_int_equal(brood_type_line.size, 64);
}

static void test_most_fields(void **state)
{
	(void)state;
	assert_int_equal(brood_type_wide.n_fields, 32);
	assert_field(&brood_type_wide, 31, "f32", BROOD_KIND_SIGNED, 4, 1);
	assert_int_equal(brood_type_wide.fields[31].offset, 31 * sizeof(int));
}

static void test_fingerprint(void **state)
{
	(void)state;
	uint64_t of_point = fingerprint_of(&brood_type_point);
	assert_true(of_point != 0);
	assert_true(of_point == fingerprint_of(&brood_type_point));
	assert_true(of_point == fingerprint_of(&other_point));
	assert_true(fingerprint_of(&brood_type_long) == fingerprint_of(&brood_type_int64_t));
	assert_true(fingerprint_of(&brood_type_char) != fingerprint_of(&brood_type_int8_t));
	assert_true(fingerprint_of(&brood_type_brood_queue_handle) !=
		    fingerprint_of(&brood_type_brood_lock_handle));
	/* Contains itself. */
	assert_true(fingerprint_of(&brood_type_tree) == fingerprint_of(&brood_type_tree));
}

BROOD_STRUCT(fresh, (int, a), BROOD_NESTED(point, b));

static void *take_fingerprint(void *out)
{
	*(uint64_t *)out = fingerprint_of(&brood_type_fresh);
	return NULL;
}

/* The first to ask may be several at once. */
static void test_fingerprint_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	uint64_t taken[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_fingerprint, &taken[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_true(taken[i] == taken[0] && taken[i] != 0);
}

/* Whatever changes in a description changes the fingerprint. */
static void test_fingerprint_differs(void **state)
{
	(void)state;
	uint64_t before = fingerprint_of(&other_point);
	brood_field fields[2];
	brood_type type;
#define ASSERT_DIFFERS(change)                        \
	memcpy(fields, other_fields, sizeof(fields)); \
	type = other_point;                           \
	type.fields = fields;                         \
	assert_true(fingerprint_of(&type) == before); \
	change;                                       \
	assert_true(fingerprint_of(&type) != before)
	ASSERT_DIFFERS(type.name = "pixel");
	ASSERT_DIFFERS(type.size = 12);
	ASSERT_DIFFERS(type.alignment = 8);
	ASSERT_DIFFERS(type.n_fields = 1);
	ASSERT_DIFFERS(fields[0].name = "z");
	ASSERT_DIFFERS(fields[1].type = &brood_type_float);
	ASSERT_DIFFERS(fields[1].type = &brood_type_unsigned);
	ASSERT_DIFFERS(fields[1].offset = 8);
	ASSERT_DIFFERS(fields[1].count = 2);
	ASSERT_DIFFERS(fields[0].counter = &brood_type_int);
#undef ASSERT_DIFFERS
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_struct_form),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_most_fields),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_fingerprint_threads),
		cmocka_unit_test(test_fingerprint_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
