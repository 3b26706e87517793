/* SPDX-License-Identifier: MIT */
#ifndef BROOD_TYPE_H
#define BROOD_TYPE_H

/*
 * Values and their types. What goes to another process (a target's arguments,
 * a queue's message, a task's input) is a value plus its type, so that it can be
 * copied with all it refers to, and checked on arrival:
 *
 *	typedef struct { int id; const char *path; brood_queue *results; } job;
 *	BROOD_TYPE(job, id, path, results);
 *
 *	BROOD_VALUE(3)                                      a scalar
 *	BROOD_VALUE("text")                                 a string
 *	BROOD_VALUE(queue)                                  a handle
 *	BROOD_ARGS(job, .id = 3, .path = "a.txt")           a struct, written out
 *	BROOD_POINTED(job, &next)                           a struct that exists
 *	BROOD_NONE                                          no value
 *
 * Pickling makes one deep copy in the family's heap, in one block, with
 * ordinary pointers inside: the receiver uses it in place and frees it with one
 * brood_free(). The receiver gets, for
 *
 *	a scalar or a struct    a pointer to its own copy of it
 *	a string                the copied characters, a char *
 *	brood_bytes             a pointer to its own brood_bytes, data behind it
 *	a handle, BROOD_SHARE   the very pointer: nothing is copied or freed
 *	BROOD_NONE              NULL
 *
 * brood_dump() and brood_load() write the same to bytes and back, for a file or
 * for a program that is not of the family. brood_type(3) lists what a field can
 * be. The macros are C only; C++ describes with brood_field and brood_type.
 */

#include <stdint.h>

#include "brood/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Any bytes, as a value or a field. Copied; NULL with a size of 0 is fine. */
typedef struct brood_bytes {
	void *data;
	size_t size;
} brood_bytes;

/* A string as a word: BROOD_MANY(brood_string, names, n_names), brood_load(brood_string, ...). */
typedef const char *brood_string;

/* brood's objects that live in the heap: a field or a value that points to one is a handle. */
typedef struct brood_lock brood_lock;
typedef struct brood_rlock brood_rlock;
typedef struct brood_semaphore brood_semaphore;
typedef struct brood_event brood_event;
typedef struct brood_condition brood_condition;
typedef struct brood_barrier brood_barrier;
typedef struct brood_queue brood_queue;
typedef struct brood_connection brood_connection;
typedef struct brood_pool brood_pool;
typedef struct brood_dict brood_dict;
typedef struct brood_list brood_list;
typedef struct brood_namespace brood_namespace;

typedef enum brood_kind {
	BROOD_KIND_UNKNOWN, /* not a type: what a NULL pointer to a value becomes */
	BROOD_KIND_BOOL,
	BROOD_KIND_CHAR,
	BROOD_KIND_SIGNED,   /* integers, enums included; the size says which */
	BROOD_KIND_UNSIGNED, /* likewise */
	BROOD_KIND_FLOAT,
	BROOD_KIND_STRING,
	BROOD_KIND_BYTES,
	BROOD_KIND_STRUCT,
	BROOD_KIND_HANDLE,   /* a pointer to one of brood's objects */
	BROOD_KIND_SHARED,   /* any pointer into the heap */
	BROOD_KIND_BORROWED, /* any pointer; no field has this kind */
} brood_kind;

struct brood_type;

/* One field of a struct; BROOD_TYPE makes these. Fields stand in the order of their offsets. */
typedef struct brood_field {
	const char *name;
	const struct brood_type *type;	  /* of the field, or of an array's elements */
	const struct brood_type *counter; /* NULL; else the field points to elements, and this is
					     the type of the field that counts them */
	uint32_t offset;
	uint32_t count; /* elements inside the struct: 1, or those of an inline array */
	uint32_t counter_offset;
} brood_field;

/* A type. Compared by what it says, not by its address: each translation unit has its own. */
typedef struct brood_type {
	const char *name;
	const brood_field *fields;
	uint64_t *fingerprint; /* the library's cache, 0 at first; NULL: it is not cached */
	uint32_t size;	       /* bytes */
	uint32_t alignment;
	uint32_t n_fields;
	brood_kind kind;
} brood_type;

/*
 * A value and its type; made by the macros below, passed by value. All bits zero
 * is BROOD_NONE. Scalars, handles and the pointers of strings and bytes are
 * inside, so that it can be stored; what pointers lead to is read, not kept,
 * by the call that takes the value, and must live until then.
 */
typedef struct brood_value {
	const brood_type *type; /* NULL: no value */
	const void *from;	/* where the value is; NULL: inside */
	union {
		long long whole;
		double real;
		const void *pointer;
		brood_bytes bytes;
	} inside;
} brood_value;

#include "brood/type_macros.h"

#ifndef __cplusplus
/* clang-format off */

/*
 * Describes the struct type T, one word, at file scope, with a semicolon after
 * it: its fields, 32 at most, each once and in the struct's order. A plain
 * name is enough for scalars and enums, strings (char *, const char *),
 * brood_bytes, handles, and inline arrays of these; marks stand for the rest.
 * What cannot be pickled, and a field left out where alignment does not explain
 * the gap, does not compile.
 */
#define BROOD_TYPE(T, ...) BROOD_TYPE_IMPLEMENTATION(T, __VA_ARGS__)

/*
 * Defines and describes at once, so that nothing can be forgotten. Fields are
 * pairs of type and name, arrays included, and marks:
 *
 *	BROOD_STRUCT(job, (int, id), (char[16], label), BROOD_NESTED(point, where),
 *		     BROOD_MANY(point, corners, n_corners), BROOD_SHARED(struct node *, head));
 *
 * defines struct job and typedef job; n_corners is a size_t.
 */
#define BROOD_STRUCT(T, ...) BROOD_STRUCT_IMPLEMENTATION(T, __VA_ARGS__)

/* Mark: the field is a described struct, or an inline array of it. */
#define BROOD_NESTED(type, field) ((nested_field), type, field)

/*
 * Mark: the field points to an array of type (a described struct, a scalar type
 * of one word, brood_string or brood_bytes), and the field behind it, any
 * integer, counts its elements. Stands for both. A type may so contain itself; a value
 * whose arrays are nested more than 200 deep is -EINVAL.
 */
#define BROOD_MANY(type, items, n_items) ((many_field), type, items, n_items)

/* Mark: as BROOD_MANY, but the counting field is elsewhere, listed by itself; several may share
 * it. */
#define BROOD_COUNTED(type, items, n_items) ((counted_field), type, items, n_items)

/*
 * Mark: the field is a pointer, of any type, into the family's heap, and is passed
 * as it is, like a handle: linked structures, shared counters. NULL is allowed.
 * In BROOD_STRUCT: BROOD_SHARED(type, field).
 */
#define BROOD_SHARED(...) ((shared_field), __VA_ARGS__)

/*
 * The value of an expression: a scalar, a string, a brood_bytes or a handle;
 * anything else does not compile. May be stored.
 */
#define BROOD_VALUE(x) \
	brood_value_of(BROOD_TYPE_OF_VALUE(x), (__typeof__(((void)0, (x)))[1]){ (x) })

/*
 * A value of the described struct T from its members, as in an initializer;
 * those not named are zero. Lives to the end of the block: pass it, do not
 * store it.
 */
#define BROOD_ARGS(T, ...) brood_value_at(BROOD_DESCRIBED(T), &(const T){ __VA_ARGS__ })

/* The value that a pointer to T points to: a described struct, or a scalar type of one word. */
#define BROOD_POINTED(T, pointer) \
	brood_value_at(BROOD_DESCRIBED(T), *(const T *const[]){ (pointer) })

/* A pointer into the family's heap, passed as it is; the receiver gets the pointer. */
#define BROOD_SHARE(pointer) brood_value_of(&brood_type_shared, &(const void *){ (pointer) })

/* Any pointer, passed as it is; only a child started by fork can use it. */
#define BROOD_BORROW(pointer) brood_value_of(&brood_type_borrowed, &(const void *){ (pointer) })

/* No value. */
#define BROOD_NONE ((brood_value){ NULL, NULL, { 0 } })

/* Whether a received value, as brood_type_is() takes it, is a T. */
#define brood_is(value, T) brood_type_is((value), BROOD_DESCRIBED(T))

/* brood_load_as() for a T; converts to T *, or to char * for a brood_string. */
#define brood_load(T, data, size) brood_load_as(BROOD_DESCRIBED(T), (data), (size))

/* clang-format on */
#endif

/* The value inside *from, of a scalar, string, brood_bytes, handle or pointer type. */
static inline brood_value brood_value_of(const brood_type *type, const void *from)
{
	brood_value value;
	__builtin_memset(&value, 0, sizeof(value));
	value.type = type;
	__builtin_memcpy(&value.inside, from, type->size);
	return value;
}

/* The value of any type at an address. */
static inline brood_value brood_value_at(const brood_type *type, const void *from)
{
	brood_value value = {from ? type : &brood_type_unknown, from, {0}};
	return value;
}

/*
 * Copies a value, with all it refers to, into the heap. Returns what a receiver
 * would get (see above), owned by the calling process: free it with brood_free(), or
 * pass it on. NULL with errno: 0 for BROOD_NONE and a NULL string; EINVAL when it
 * holds what cannot be pickled (brood_error() names the field), or is a handle,
 * shared or borrowed, of which there is no copy; ENOMEM as brood_alloc().
 */
BROOD_API void *brood_copy(brood_value value);

/*
 * The name of the type of a received value, as its sender described it: "job",
 * "unsigned char", "brood_string". Takes the pointer that brood_copy() returned or a
 * target got; the name lives as long as the value. NULL with errno EINVAL when it
 * is no copied value.
 */
BROOD_API const char *brood_type_name(const void *value);

/*
 * Whether a received value is of the type: same name, and same fields with the
 * same names, kinds and places, all the way down. False also when it is no copied
 * value. In C, brood_is(value, T).
 */
BROOD_API bool brood_type_is(const void *value, const brood_type *type);

/*
 * Writes a value, with all it refers to, as bytes that contain no address. They
 * are for brood_load() in any program on a machine of the same byte order and
 * pointer size. Returns 0; *ret_data is then allocated with malloc(), to be freed
 * with free(), and *ret_size its bytes. -EINVAL as brood_copy(), and also for any
 * handle or shared pointer that is not NULL: it means nothing outside its family;
 * -ENOMEM.
 */
BROOD_API int brood_dump(brood_value value, void **ret_data, size_t *ret_size);

/*
 * Reads what brood_dump() wrote, from memory of any alignment, which is not kept.
 * The bytes are not trusted: nothing outside them is read, and whatever is wrong
 * with them is an error. Returns the value as brood_copy() does, owned by the
 * calling process. NULL with errno: 0 for BROOD_NONE and a NULL string; EBADMSG
 * when the bytes are damaged, of another type, or of another machine's form
 * (brood_error() says which); EINVAL; ENOMEM. In C, brood_load(T, data, size).
 */
BROOD_API void *brood_load_as(const brood_type *type, const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
