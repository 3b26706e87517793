/* SPDX-License-Identifier: MIT */
/*
 * What must not compile: refused.py compiles each case alone and looks for the
 * words behind it in what the compiler says. Without a case the file compiles.
 */

#include "brood/type.h"

typedef struct point {
	int x, y;
} point;
BROOD_TYPE(point, x, y);

typedef struct job {
	int id;
	int *numbers;
	int n_numbers;
	double real;
} job;
BROOD_TYPE(job, id, BROOD_MANY(int, numbers, n_numbers), real);

typedef struct counter {
	_Atomic int count;
	_Atomic double mean;
} counter;
BROOD_TYPE(counter, count, mean);

brood_value made(job *j, point *p);

#ifdef RAW_POINTER /* bad.numbers is of a type that cannot be pickled | brood_type(3) */
typedef struct bad {
	int id;
	int *numbers;
} bad;
BROOD_TYPE(bad, id, numbers);
#endif

#ifdef VOID_POINTER /* bad.data is of a type that cannot be pickled | brood_type(3) */
typedef struct bad {
	void *data;
} bad;
BROOD_TYPE(bad, data);
#endif

#ifdef UNMARKED_STRUCT /* bad.where is of a type that cannot be pickled */
typedef struct bad {
	point where;
} bad;
BROOD_TYPE(bad, where);
#endif

#ifdef UNION_FIELD /* bad.either is of a type that cannot be pickled */
typedef struct bad {
	union {
		int i;
		float f;
	} either;
} bad;
BROOD_TYPE(bad, either);
#endif

#ifdef UNION_TYPE /* before bad.b a field is missing or out of order */
typedef union bad {
	int a;
	float b;
} bad;
BROOD_TYPE(bad, a, b);
#endif

#ifdef FUNCTION_POINTER /* bad.call is of a type that cannot be pickled */
typedef struct bad {
	void (*call)(void);
} bad;
BROOD_TYPE(bad, call);
#endif

#ifdef LONG_DOUBLE /* bad.real is of a type that cannot be pickled */
typedef struct bad {
	long double real;
} bad;
BROOD_TYPE(bad, real);
#endif

#ifdef POINTER_ARRAY /* bad.rows is of a type that cannot be pickled */
typedef struct bad {
	int *rows[4];
} bad;
BROOD_TYPE(bad, rows);
#endif

#ifdef CUBE /* bad.cube is of a type that cannot be pickled */
typedef struct bad {
	char cube[2][3][4];
} bad;
BROOD_TYPE(bad, cube);
#endif

#ifdef POINTER_TO_STRING /* bad.words is of a type that cannot be pickled */
typedef struct bad {
	char **words;
} bad;
BROOD_TYPE(bad, words);
#endif

#ifdef BIT_FIELD /* bit-field */
typedef struct bad {
	unsigned flag : 1;
} bad;
BROOD_TYPE(bad, flag);
#endif

#ifdef UNLISTED_BIT_FIELD /* a field after the last one listed is missing */
typedef struct bad {
	int id;
	unsigned flag : 1;
} bad;
BROOD_TYPE(bad, id);
#endif

#ifdef FLEXIBLE_ARRAY /* incomplete type */
typedef struct bad {
	int n;
	int tail[];
} bad;
BROOD_TYPE(bad, n, tail);
#endif

#ifdef PACKED /* before bad.id */
typedef struct __attribute__((packed)) bad {
	char c;
	int id;
} bad;
BROOD_TYPE(bad, c, id);
#endif

#ifdef MISSING_FIRST /* before bad.b a field is missing | brood_type(3) */
typedef struct bad {
	int a, b, c;
} bad;
BROOD_TYPE(bad, b, c);
#endif

#ifdef MISSING_MIDDLE /* before bad.c a field is missing */
typedef struct bad {
	int a, b, c;
} bad;
BROOD_TYPE(bad, a, c);
#endif

#ifdef MISSING_LAST /* in bad a field after the last one listed is missing */
typedef struct bad {
	int a, b, c;
} bad;
BROOD_TYPE(bad, a, b);
#endif

#ifdef OUT_OF_ORDER /* before bad.b a field is missing or out of order */
typedef struct bad {
	int a, b;
} bad;
BROOD_TYPE(bad, b, a);
#endif

#ifdef TWICE /* 'a' */
typedef struct bad {
	int a, b;
} bad;
BROOD_TYPE(bad, a, a);
#endif

#ifdef NO_SUCH_FIELD /* 'b' */
typedef struct bad {
	int a;
} bad;
BROOD_TYPE(bad, b);
#endif

#ifdef NOT_DESCRIBED /* BROOD_TYPE_is_missing_for_other */
typedef struct other {
	int a;
} other;
typedef struct bad {
	other a;
} bad;
BROOD_TYPE(bad, BROOD_NESTED(other, a));
#endif

#ifdef WRONG_NESTED /* bad.where is not of the type in its mark, job */
typedef struct bad {
	point where;
} bad;
BROOD_TYPE(bad, BROOD_NESTED(job, where));
#endif

#ifdef WRONG_ELEMENT /* bad.items is not of the type in its mark, job */
typedef struct bad {
	point *items;
	int n;
} bad;
BROOD_TYPE(bad, BROOD_MANY(job, items, n));
#endif

#ifdef WRONG_COUNT /* bad.n counts items but is no integer */
typedef struct bad {
	point *items;
	double n;
} bad;
BROOD_TYPE(bad, BROOD_MANY(point, items, n));
#endif

#ifdef COUNT_IN_FRONT /* before bad.items */
typedef struct bad {
	int n;
	point *items;
} bad;
BROOD_TYPE(bad, BROOD_MANY(point, items, n));
#endif

#ifdef COUNTED_ARRAY /* bad.items is marked as counted but is no pointer */
typedef struct bad {
	point items[3];
	int n;
} bad;
BROOD_TYPE(bad, BROOD_MANY(point, items, n));
#endif

#ifdef SHARED_NUMBER /* bad.id is marked as shared but is no pointer */
typedef struct bad {
	long id;
} bad;
BROOD_TYPE(bad, BROOD_SHARED(id));
#endif

#ifdef TOO_ALIGNED /* bad is aligned to more than 64 bytes */
typedef struct bad {
	_Alignas(128) int a;
} bad;
BROOD_TYPE(bad, a);
#endif

#ifdef TOO_MANY /* bad has more than 32 fields | BROOD_NESTED | brood_type(3) */
typedef struct bad {
	int f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19,
		f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33;
} bad;
BROOD_TYPE(bad, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18,
	   f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33);
#endif

#ifdef STRUCT_RAW_POINTER /* bad.numbers is of a type that cannot be pickled */
BROOD_STRUCT(bad, (int, id), (int *, numbers));
#endif

#ifdef ITEMS_NOT_DESCRIBED /* BROOD_TYPE_is_missing_for_other */
typedef struct other {
	int a;
} other;
BROOD_STRUCT(bad, BROOD_MANY(other, items, n_items));
#endif

static void take(int count, const brood_value *values)
{
	(void)count;
	(void)values;
}

/* Wherever an expression may stand; and what is given is evaluated once. */
static brood_value fine(job *j, bool flag)
{
	static const brood_type *const types[] = {BROOD_DESCRIBED(job), BROOD_DESCRIBED(bool)};
	const brood_bytes bytes = {j, sizeof(*j)};
	const char *text = flag ? "yes" : "no";
	brood_value values[] = {BROOD_VALUE(j->id++), BROOD_VALUE(text), BROOD_VALUE("text"), {0}};
	const struct {
		int count;
		brood_value value;
	} options = {.count = 1, .value = BROOD_VALUE(flag)};
	for (brood_value v = BROOD_VALUE(1); v.type; v = BROOD_NONE)
		take(1, &v);
	take(2, (const brood_value[]){BROOD_VALUE(bytes), options.value});
	take((int)(sizeof(types) / sizeof(types[0])), values);
	return flag ? BROOD_VALUE(j->real) : BROOD_POINTED(bool, &flag);
}

brood_value made(job *j, point *p)
{
#ifdef VALUE_OF_STRUCT /* BROOD_VALUE takes a number | BROOD_ARGS or BROOD_POINTED | brood_type(3) \
			*/
	return BROOD_VALUE(*p);
#endif
#ifdef VALUE_OF_POINTER /* BROOD_VALUE takes a number | BROOD_SHARE or BROOD_BORROW | \
			   brood_type(3) */
	return BROOD_VALUE(p);
#endif
#ifdef VALUE_OF_LONG_DOUBLE /* BROOD_VALUE takes a number */
	return BROOD_VALUE(1.0L);
#endif
#ifdef VALUE_IN_INITIALIZER /* BROOD_VALUE takes a number */
	const struct {
		int count;
		brood_value value;
	} options = {.count = 1, .value = BROOD_VALUE(*p)};
	return options.value;
#endif
#ifdef VALUE_IN_LITERAL /* BROOD_VALUE takes a number */
	take(1, (const brood_value[]){BROOD_VALUE(p)});
#endif
#ifdef ARGS_OF_NO_MEMBER /* z */
	return BROOD_ARGS(point, .z = 1);
#endif
#ifdef ARGS_NOT_DESCRIBED /* BROOD_TYPE_is_missing_for_brood_value */
	return BROOD_ARGS(brood_value, .from = j);
#endif
#ifdef LOAD_NOT_DESCRIBED /* BROOD_TYPE_is_missing_for_brood_value */
	return *(brood_value *)brood_load(brood_value, j, 1);
#endif
#ifdef IS_NOT_DESCRIBED /* BROOD_TYPE_is_missing_for_brood_value */
	return brood_is(j, brood_value) ? BROOD_NONE : BROOD_VALUE(1);
#endif
#ifdef MUST_OF_A_BOOL /* brood_must_takes_a_pointer_or_a_signed_number */
	brood_must(brood_type_is(j, NULL));
#endif
#ifdef MUST_OF_A_SIZE /* brood_must_takes_a_pointer_or_a_signed_number */
	brood_must(sizeof(point));
#endif
#ifdef POINTED_TO_ANOTHER /* pointer */
	return BROOD_POINTED(job, p);
#endif
#ifdef POINTED_HANDLE /* BROOD_TYPE_is_missing_for_brood_queue */
	return BROOD_POINTED(brood_queue, (brood_queue *)p);
#endif
	take(0, &(brood_value){0});
	return j->id ? fine(j, j->id > 1) : BROOD_POINTED(point, p);
}
