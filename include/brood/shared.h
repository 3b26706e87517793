/* SPDX-License-Identifier: MIT */
#ifndef BROOD_SHARED_H
#define BROOD_SHARED_H

/*
 * A dictionary, a list and a namespace in shared memory, as Python's managers have
 * them, without a server process:
 *
 *	brood_dict *d = brood_dict_new();
 *	brood_start(.target = worker, .args = BROOD_VALUE(d));
 *	brood_dict_set(d, 3, "three");
 *	char *text = brood_dict_get(d, 3, brood_string);
 *
 * They hold copies: what is put in is copied, with all it refers to, and what is got is
 * the caller's own copy, to be freed with brood_free(). To change a copy changes nothing in
 * the object: put it in again. Handles (locks, queues, lists, dictionaries ...) and shared
 * pointers are kept as they are, so that a list in a list stays shared.
 *
 * Every function does one thing at a time for all processes and threads, under a lock of
 * the object's own. Any process may be killed at any instruction: the others find the object
 * as it was before what that process was doing, or after. The lock is held for moments
 * only, and no wait takes long; so there are no _timed forms.
 *
 * They live until they are freed, or the family ends. Whoever frees one promises that no
 * process uses it. Any pointer that is not such an object, NULL included, is -EINVAL.
 */

#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As text: a string that lives to the end of the enclosing block; longer ones are cut off. */
#define BROOD_SHARED_REPR_SIZE 1024
#define BROOD_SHARED_REPR(format, object) \
	brood_shared_repr((format), (object), (char[BROOD_SHARED_REPR_SIZE]){0})

/* What brood_dict_repr() and its like expand to. */
BROOD_API const char *brood_shared_repr(int (*format)(void *object, char *buffer, size_t size),
					void *object, char *buffer);

/*
 * Dictionaries. A key is an integer of any type, or a string: equal numbers are one key.
 */

/* Makes one, empty. NULL with errno ENOMEM. From the specification: Manager().dict(). */
BROOD_API brood_dict *brood_dict_new(void);

/*
 * Puts a value at a key, in place of one that is there. brood_dict_set(d, 3, 2.5) takes what
 * BROOD_VALUE() takes; a struct: brood_dict_set_value(d, BROOD_VALUE("k"), BROOD_ARGS(job, .id =
 * 1)). Returns 0; -EINVAL (no dictionary, the key is neither integer nor string, the value cannot
 * be pickled), -ENOMEM: nothing has changed.
 */
#ifndef __cplusplus
#define brood_dict_set(d, key, value) \
	brood_dict_set_value((d), BROOD_VALUE(key), BROOD_VALUE(value))
#endif
BROOD_API int brood_dict_set_value(brood_dict *d, brood_value key, brood_value value);

/*
 * A copy of the value at a key, as brood_copy() makes one: brood_dict_get(d, key, T) is a T *, or a
 * char * for a brood_string; the caller's to free. Of a handle the pointer itself:
 * brood_dict_get(d, key, brood_lock_handle).
 *
 * NULL with errno: ENOENT (no such key), EBADMSG (the value is of another type), 0 (it is
 * BROOD_NONE or a NULL string), EINVAL, ENOMEM.
 */
#ifndef __cplusplus
#define brood_dict_get(d, key, T) brood_dict_get_as((d), BROOD_VALUE(key), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_dict_get_as(brood_dict *d, brood_value key, const brood_type *type);

/* Whether the key is there; false with errno EINVAL on error. */
#ifndef __cplusplus
#define brood_dict_has(d, key) brood_dict_has_key((d), BROOD_VALUE(key))
#endif
BROOD_API bool brood_dict_has_key(brood_dict *d, brood_value key);

/* Takes the key out. Returns 0, -ENOENT (no such key), -EINVAL. */
#ifndef __cplusplus
#define brood_dict_remove(d, key) brood_dict_remove_key((d), BROOD_VALUE(key))
#endif
BROOD_API int brood_dict_remove_key(brood_dict *d, brood_value key);

/* How many keys there are; -EINVAL. */
BROOD_API long brood_dict_length(brood_dict *d);

/*
 * To go over a dictionary: its keys as they were at one moment, numbers first and then
 * strings, each rising. They may be passed to brood_dict_get_as(); what that finds is of the
 * moment of that call, and a key may be gone by then. A number is in .inside.whole, a string in
 * .inside.pointer. Returns an array, to be freed with brood_free() (strings included), with
 * *ret_count; NULL with errno 0 when it is empty, EINVAL, ENOMEM.
 */
BROOD_API brood_value *brood_dict_keys(brood_dict *d, size_t *ret_count);

/*
 * "{0: 0, 'a': [...]}": as Python shows it, in the order of brood_dict_keys(), of one moment.
 * Structs show as "<job>", handles as "<brood_lock at 0x...>". brood_dict_format() is snprintf().
 */
#ifndef __cplusplus
#define brood_dict_repr(d) BROOD_SHARED_REPR(brood_dict_format, (d))
#endif
BROOD_API int brood_dict_format(void *d, char *buffer, size_t size);

/* Frees it with all that is in it. NULL is allowed. Returns 0 or -EINVAL. */
BROOD_API int brood_dict_free(brood_dict *d);

/*
 * Lists. An index counts from 0, or backwards from -1, the last.
 */

/* Makes one, empty. NULL with errno ENOMEM. From the specification: Manager().list(). */
BROOD_API brood_list *brood_list_new(void);

/* Puts a value at the end; what values are, and what is returned, as for dictionaries. */
#ifndef __cplusplus
#define brood_list_append(list, value) brood_list_append_value((list), BROOD_VALUE(value))
#endif
BROOD_API int brood_list_append_value(brood_list *list, brood_value value);

/* Puts a value before the one at an index; at the end for the list's length. -ERANGE. Whatever is
 * put or taken out elsewhere than at the end costs a copy of the list's pointers. */
#ifndef __cplusplus
#define brood_list_insert(list, index, value) \
	brood_list_insert_value((list), (index), BROOD_VALUE(value))
#endif
BROOD_API int brood_list_insert_value(brood_list *list, long index, brood_value value);

/* Puts a value in place of the one at an index; -ERANGE when there is none. */
#ifndef __cplusplus
#define brood_list_set(list, index, value) brood_list_set_value((list), (index), BROOD_VALUE(value))
#endif
BROOD_API int brood_list_set_value(brood_list *list, long index, brood_value value);

/* A copy of the value at an index: as brood_dict_get(); ERANGE when there is none. */
#ifndef __cplusplus
#define brood_list_get(list, index, T) brood_list_get_as((list), (index), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_list_get_as(brood_list *list, long index, const brood_type *type);

/* The same, and takes it out: at once, so that of several processes one gets it. */
#ifndef __cplusplus
#define brood_list_pop(list, index, T) brood_list_pop_as((list), (index), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_list_pop_as(brood_list *list, long index, const brood_type *type);

/*
 * The index of the first equal value: of the same type, with equal content. -ENOENT when there is
 * none. brood_list_remove() takes it out; returns 0, -ENOENT, -EINVAL, -ENOMEM.
 */
#ifndef __cplusplus
#define brood_list_index(list, value)  brood_list_index_value((list), BROOD_VALUE(value))
#define brood_list_remove(list, value) brood_list_remove_value((list), BROOD_VALUE(value))
#endif
BROOD_API long brood_list_index_value(brood_list *list, brood_value value);
BROOD_API int brood_list_remove_value(brood_list *list, brood_value value);

/* Takes the value at an index out; or all, the last first: a process that is killed meanwhile
 * leaves the others. Returns 0, -ERANGE, -EINVAL, -ENOMEM. */
BROOD_API int brood_list_delete(brood_list *list, long index);
BROOD_API int brood_list_clear(brood_list *list);

/* How many values there are; -EINVAL. */
BROOD_API long brood_list_length(brood_list *list);

/*
 * To go over a list: copies of all its values as they were at one moment. Returns an array
 * of pointers, each of which, and then the array, is to be freed with brood_free(); *ret_count
 * says how many. NULL with errno 0 when it is empty, EBADMSG (a value is of another type),
 * EINVAL, ENOMEM. In C, brood_list_values(list, T, &count).
 */
#ifndef __cplusplus
#define brood_list_values(list, T, ret_count) \
	((T **)brood_list_values_as((list), BROOD_DESCRIBED(T), (ret_count)))
#endif
BROOD_API void **brood_list_values_as(brood_list *list, const brood_type *type, size_t *ret_count);

/* "[1, 'two', None]"; see brood_dict_repr(). */
#ifndef __cplusplus
#define brood_list_repr(list) BROOD_SHARED_REPR(brood_list_format, (list))
#endif
BROOD_API int brood_list_format(void *list, char *buffer, size_t size);
BROOD_API int brood_list_free(brood_list *list);

/*
 * Namespaces: attributes by name.
 */

/* Makes one, empty. NULL with errno ENOMEM. From the specification: Manager().Namespace(). */
BROOD_API brood_namespace *brood_namespace_new(void);

/* Sets an attribute; as brood_dict_set(). -EINVAL also for a name that begins with an underscore:
 * such names are not shared. */
#ifndef __cplusplus
#define brood_namespace_set(space, name, value) \
	brood_namespace_set_value((space), (name), BROOD_VALUE(value))
#endif
BROOD_API int brood_namespace_set_value(brood_namespace *space, const char *name,
					brood_value value);

/* A copy of an attribute; as brood_dict_get(). ENOENT is "'Namespace' object has no attribute
 * 'name'". */
#ifndef __cplusplus
#define brood_namespace_get(space, name, T) \
	brood_namespace_get_as((space), (name), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_namespace_get_as(brood_namespace *space, const char *name,
				       const brood_type *type);

/* Whether the attribute is there; false with errno EINVAL on error. */
BROOD_API bool brood_namespace_has(brood_namespace *space, const char *name);

/* Takes the attribute out. Returns 0, -ENOENT, -EINVAL. */
BROOD_API int brood_namespace_remove(brood_namespace *space, const char *name);

/* "Namespace(name='Bob', size=3)", by name; see brood_dict_repr(). */
#ifndef __cplusplus
#define brood_namespace_repr(space) BROOD_SHARED_REPR(brood_namespace_format, (space))
#endif
BROOD_API int brood_namespace_format(void *space, char *buffer, size_t size);
BROOD_API int brood_namespace_free(brood_namespace *space);

#ifdef __cplusplus
}
#endif

#endif
