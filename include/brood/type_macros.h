/* SPDX-License-Identifier: MIT */
#ifndef BROOD_TYPE_H
#include "brood/type.h" /* which includes this where it needs it */
#endif
#ifndef BROOD_TYPE_MACROS_H
#define BROOD_TYPE_MACROS_H

/*
 * How BROOD_TYPE works; a part of type.h. Nothing here is for use by name but
 * brood_type_int and its like.
 *
 * A list of fields is gone through three times. The mirror pass builds a struct
 * of the listed fields alone: unless its layout is that of the real one, a field
 * is missing or out of order, and the compiler has done the arithmetic of
 * alignment. The check pass makes static assertions that name the field. The
 * describe pass makes the entries of a brood_field array.
 *
 * An entry of the list, `id`, `(int, id)` or a mark, is first brought to the form
 * (pass's suffix, arguments): plain_field, id.
 */

/* clang-format off */

/* The scalar types that C tells apart: a word for each, its type, its kind. */
#define BROOD_BASIC_TYPES(X)                                                                       \
	X(bool, bool, BOOL)                                                                        \
	X(char, char, CHAR)                                                                        \
	X(signed_char, signed char, SIGNED)                                                        \
	X(unsigned_char, unsigned char, UNSIGNED)                                                  \
	X(short, short, SIGNED)                                                                    \
	X(unsigned_short, unsigned short, UNSIGNED)                                                \
	X(int, int, SIGNED)                                                                        \
	X(unsigned, unsigned, UNSIGNED)                                                            \
	X(long, long, SIGNED)                                                                      \
	X(unsigned_long, unsigned long, UNSIGNED)                                                  \
	X(long_long, long long, SIGNED)                                                            \
	X(unsigned_long_long, unsigned long long, UNSIGNED)                                        \
	X(float, float, FLOAT)                                                                     \
	X(double, double, FLOAT)

/* Other words for them, so that BROOD_MANY(uint32_t, ...) and brood_load(size_t, ...) work. */
#define BROOD_OTHER_TYPES(X)                                                                       \
	X(int8_t, int8_t, SIGNED)                                                                  \
	X(int16_t, int16_t, SIGNED)                                                                \
	X(int32_t, int32_t, SIGNED)                                                                \
	X(int64_t, int64_t, SIGNED)                                                                \
	X(uint8_t, uint8_t, UNSIGNED)                                                              \
	X(uint16_t, uint16_t, UNSIGNED)                                                            \
	X(uint32_t, uint32_t, UNSIGNED)                                                            \
	X(uint64_t, uint64_t, UNSIGNED)                                                            \
	X(intptr_t, intptr_t, SIGNED)                                                              \
	X(uintptr_t, uintptr_t, UNSIGNED)                                                          \
	X(ptrdiff_t, ptrdiff_t, SIGNED)                                                            \
	X(size_t, size_t, UNSIGNED)

#define BROOD_HANDLE_TYPES(X)                                                                      \
	X(brood_lock_handle, brood_lock *, HANDLE)                                                        \
	X(brood_rlock_handle, brood_rlock *, HANDLE)                                                      \
	X(brood_semaphore_handle, brood_semaphore *, HANDLE)                                              \
	X(brood_event_handle, brood_event *, HANDLE)                                                      \
	X(brood_condition_handle, brood_condition *, HANDLE)                                              \
	X(brood_barrier_handle, brood_barrier *, HANDLE)                                                  \
	X(brood_queue_handle, brood_queue *, HANDLE)                                                      \
	X(brood_connection_handle, brood_connection *, HANDLE)                                            \
	X(brood_pool_handle, brood_pool *, HANDLE)                                                        \
	X(brood_dict_handle, brood_dict *, HANDLE)                                                        \
	X(brood_list_handle, brood_list *, HANDLE)                                                        \
	X(brood_namespace_handle, brood_namespace *, HANDLE)

#define BROOD_SPECIAL_TYPES(X)                                                                     \
	X(brood_string, brood_string, STRING)                                                      \
	X(brood_bytes, brood_bytes, BYTES)                                                         \
	X(shared, void *, SHARED)                                                                  \
	X(borrowed, void *, BORROWED)                                                              \
	X(unknown, char, UNKNOWN)

/*
 * The description of a type, by its word. No diagnostic can be worded for a name that is not
 * there; but that of an incomplete type gives the type's name and suggests no other, so this is
 * complete where the description is there, and its name is what the compiler says where not.
 */
#define BROOD_NOTE_DESCRIBED(T) struct BROOD_TYPE_is_missing_for_##T { char unused; }
#define BROOD_DESCRIBED(T) (0 * sizeof(struct BROOD_TYPE_is_missing_for_##T) + &brood_type_##T)

/* What `bool` may have become before it is pasted. */
#define brood_type__Bool brood_type_bool
#define BROOD_TYPE_is_missing_for__Bool BROOD_TYPE_is_missing_for_bool

/* brood_type_int and its like: one static object each, dropped where it is not used. */
#define BROOD_DEFINE_TYPE(word, type, kind)                                                        \
	BROOD_NOTE_DESCRIBED(word);                                                                \
	__attribute__((unused)) static const brood_type brood_type_##word = {                      \
		#type, NULL, NULL, sizeof(type), __alignof__(type), 0,                             \
		BROOD_KIND_##kind};

BROOD_BASIC_TYPES(BROOD_DEFINE_TYPE)
BROOD_OTHER_TYPES(BROOD_DEFINE_TYPE)
BROOD_HANDLE_TYPES(BROOD_DEFINE_TYPE)
BROOD_SPECIAL_TYPES(BROOD_DEFINE_TYPE)

#ifndef __cplusplus

/* The description of the type that an expression has. */
#define BROOD_TYPE_CASE(word, type, kind) type: &brood_type_##word,
#define BROOD_TYPE_CASES                                                                           \
	BROOD_BASIC_TYPES(BROOD_TYPE_CASE)                                                         \
	BROOD_HANDLE_TYPES(BROOD_TYPE_CASE)                                                        \
	char *: &brood_type_brood_string,                                                          \
	const char *: &brood_type_brood_string,                                                    \
	brood_bytes: &brood_type_brood_bytes
#define BROOD_TYPE_OF(x) _Generic((x), BROOD_TYPE_CASES, default: &brood_type_unknown)

#define BROOD_TRUE_CASE(word, type, kind) type: 1,
#define BROOD_CAN_PICKLE(x)                                                                        \
	_Generic((x), BROOD_BASIC_TYPES(BROOD_TRUE_CASE) BROOD_HANDLE_TYPES(BROOD_TRUE_CASE)       \
		 char *: 1, const char *: 1, brood_bytes: 1, default: 0)
#define BROOD_TYPE_OF_VALUE(x)                                                                     \
	__extension__({                                                                            \
		_Static_assert(BROOD_CAN_PICKLE(x),                                                \
			       "BROOD_VALUE takes a number, a string, a brood_bytes or a handle: " \
			       "give a struct with BROOD_ARGS or BROOD_POINTED, another pointer "  \
			       "with BROOD_SHARE or BROOD_BORROW; see brood_type(3)");             \
		BROOD_TYPE_OF(x);                                                                  \
	})
#define BROOD_CAN_COUNT(x)                                                                         \
	_Generic((x), BROOD_BASIC_TYPES(BROOD_COUNT_CASE) default: 0)
#define BROOD_COUNT_CASE(word, type, kind) type: BROOD_COUNTS_##kind,
#define BROOD_COUNTS_BOOL     0
#define BROOD_COUNTS_CHAR     0
#define BROOD_COUNTS_SIGNED   1
#define BROOD_COUNTS_UNSIGNED 1
#define BROOD_COUNTS_FLOAT    0

/*
 * An expression for a field, never evaluated. _Generic would see an array as a pointer
 * to its first element, char[16] as char *: arrays are told apart by their type
 * changing when they decay, and BROOD_ELEMENT is the element of one, or else the
 * field itself. Twice, for arrays of two dimensions. The type of an _Atomic scalar
 * changes as well, but it is no pointer then.
 */
#define BROOD_FIELD(T, f) (((T *)0)->f)
#define BROOD_IS_ARRAY(x)                                                                          \
	(!__builtin_types_compatible_p(__typeof__(x), __typeof__(((void)0, (x)))) &&               \
	 __builtin_classify_type(x) == 5)
#define BROOD_ELEMENT(x) (*__builtin_choose_expr(BROOD_IS_ARRAY(x), (x), &(x)))
#define BROOD_SAME_TYPE(x, type)                                                                   \
	(__builtin_types_compatible_p(__typeof__(x), type) ||                                      \
	 (__builtin_types_compatible_p(brood_string, type) &&                                      \
	  __builtin_types_compatible_p(__typeof__(x), char *)))
#define BROOD_IS_POINTER(x) (__builtin_classify_type(x) == 5 && !BROOD_IS_ARRAY(x))

/* The macros of the marks and of plain fields: one for each pass. */

#define BROOD_MIRROR_MEMBER(T, f)                                                                  \
	__attribute__((aligned(__alignof__(BROOD_FIELD(T, f))))) __typeof__(BROOD_FIELD(T, f)) f;
#define BROOD_MIRROR_plain_field(T, f)		     BROOD_MIRROR_MEMBER(T, f)
#define BROOD_MIRROR_nested_field(T, type, f)	     BROOD_MIRROR_MEMBER(T, f)
#define BROOD_MIRROR_many_field(T, type, f, counter)                                               \
	BROOD_MIRROR_MEMBER(T, f) BROOD_MIRROR_MEMBER(T, counter)
#define BROOD_MIRROR_counted_field(T, type, f, counter) BROOD_MIRROR_MEMBER(T, f)
#define BROOD_MIRROR_shared_field(T, ...)	     BROOD_MIRROR_MEMBER(T, BROOD_NAME(__VA_ARGS__))

#define BROOD_CHECK_PLACE(T, f)                                                                    \
	_Static_assert(offsetof(struct brood_mirror_##T, f) == offsetof(T, f),                     \
		       "BROOD_TYPE: before " #T "." #f " a field is missing or out of order, or "  \
		       "the struct is packed; see brood_type(3)");
#define BROOD_CHECK_ELEMENT(T, type, f, x)                                                         \
	_Static_assert(BROOD_SAME_TYPE(x, type),                                                   \
		       "BROOD_TYPE: " #T "." #f " is not of the type in its mark, " #type "; see " \
		       "brood_type(3)");
#define BROOD_CHECK_plain_field(T, f)                                                              \
	BROOD_CHECK_PLACE(T, f)                                                                    \
	typedef __typeof__(BROOD_ELEMENT(BROOD_FIELD(T, f))) brood_inner_##T##_##f;                \
	typedef __typeof__(BROOD_ELEMENT(*(brood_inner_##T##_##f *)0)) brood_element_##T##_##f;    \
	_Static_assert(!BROOD_IS_ARRAY(*(brood_element_##T##_##f *)0) &&                           \
		       BROOD_CAN_PICKLE(*(brood_element_##T##_##f *)0),                            \
		       "BROOD_TYPE: " #T "." #f " is of a type that cannot be pickled, or that "   \
		       "needs a mark; see brood_type(3)");
#define BROOD_CHECK_nested_field(T, type, f)                                                       \
	BROOD_CHECK_PLACE(T, f)                                                                    \
	BROOD_CHECK_ELEMENT(T, type, f, BROOD_ELEMENT(BROOD_FIELD(T, f)))
#define BROOD_CHECK_counted_field(T, type, f, counter)                                             \
	BROOD_CHECK_PLACE(T, f)                                                                    \
	_Static_assert(BROOD_IS_POINTER(BROOD_FIELD(T, f)),                                        \
		       "BROOD_TYPE: " #T "." #f " is marked as counted but is no pointer; see "    \
		       "brood_type(3)");                                                           \
	BROOD_CHECK_ELEMENT(T, type, f, *BROOD_FIELD(T, f))                                        \
	_Static_assert(BROOD_CAN_COUNT(BROOD_FIELD(T, counter)),                                   \
		       "BROOD_TYPE: " #T "." #counter " counts " #f " but is no integer; see "     \
		       "brood_type(3)");
#define BROOD_CHECK_many_field(T, type, f, counter)                                                \
	BROOD_CHECK_counted_field(T, type, f, counter)                                             \
	BROOD_CHECK_PLACE(T, counter)
#define BROOD_CHECK_shared_field(T, ...) BROOD_CHECK_SHARED(T, BROOD_NAME(__VA_ARGS__))
#define BROOD_CHECK_SHARED(T, f)	 BROOD_CHECK_SHARED_(T, f)
#define BROOD_CHECK_SHARED_(T, f)                                                                  \
	BROOD_CHECK_PLACE(T, f)                                                                    \
	_Static_assert(BROOD_IS_POINTER(BROOD_ELEMENT(BROOD_FIELD(T, f))),                         \
		       "BROOD_TYPE: " #T "." #f " is marked as shared but is no pointer; see "     \
		       "brood_type(3)");

#define BROOD_DESCRIBE_FIELD(T, f, type, element_size)                                             \
	{#f, type, NULL, (uint32_t)offsetof(T, f),                                                 \
	 (uint32_t)(sizeof(BROOD_FIELD(T, f)) / (element_size)), 0},
#define BROOD_DESCRIBE_plain_field(T, f)                                                           \
	BROOD_DESCRIBE_FIELD(T, f, BROOD_TYPE_OF(*(brood_element_##T##_##f *)0),             \
			     sizeof(brood_element_##T##_##f))
#define BROOD_DESCRIBE_nested_field(T, type, f)                                                    \
	BROOD_DESCRIBE_FIELD(T, f, BROOD_DESCRIBED(type), sizeof(type))
#define BROOD_DESCRIBE_counted_field(T, type, f, counter)                                          \
	{#f, BROOD_DESCRIBED(type), BROOD_TYPE_OF(BROOD_FIELD(T, counter)),                     \
	 (uint32_t)offsetof(T, f), 1, (uint32_t)offsetof(T, counter)},
#define BROOD_DESCRIBE_many_field(T, type, f, counter)                                             \
	BROOD_DESCRIBE_counted_field(T, type, f, counter)                                          \
	BROOD_DESCRIBE_FIELD(T, counter, BROOD_TYPE_OF(BROOD_FIELD(T, counter)),             \
			     sizeof(BROOD_FIELD(T, counter)))
#define BROOD_DESCRIBE_shared_field(T, ...) BROOD_DESCRIBE_SHARED(T, BROOD_NAME(__VA_ARGS__))
#define BROOD_DESCRIBE_SHARED(T, f) BROOD_DESCRIBE_SHARED_(T, f)
#define BROOD_DESCRIBE_SHARED_(T, f) BROOD_DESCRIBE_FIELD(T, f, &brood_type_shared, sizeof(void *))

#define BROOD_DEFINE_plain_field(type, f)	      __typeof__(type) f;
#define BROOD_DEFINE_nested_field(type, f)	      type f;
#define BROOD_DEFINE_many_field(type, f, counter)    type *f; size_t counter;
#define BROOD_DEFINE_counted_field(type, f, counter) type *f;
#define BROOD_DEFINE_shared_field(type, f)	      __typeof__(type) f;

/* BROOD_TYPE and BROOD_STRUCT. */

#define BROOD_TYPE_IMPLEMENTATION(T, ...)                                                          \
	BROOD_PASTE(BROOD_TYPE_, BROOD_LIMIT(__VA_ARGS__))(T, __VA_ARGS__)
#define BROOD_TYPE_OVER(T, ...)                                                                    \
	_Static_assert(0, "BROOD_TYPE: " #T " has more than 32 fields; put some in a struct of "      \
		       "their own and mark it BROOD_NESTED; see brood_type(3)")
#define BROOD_TYPE_WITHIN(T, ...)                                                                  \
	struct __attribute__((aligned(_Alignof(T)))) brood_mirror_##T {                            \
		BROOD_EACH(BROOD_MIRROR, T, __VA_ARGS__)                                           \
	};                                                                                         \
	BROOD_EACH(BROOD_CHECK, T, __VA_ARGS__)                                                    \
	_Static_assert(_Alignof(T) <= 64,                                                          \
		       "BROOD_TYPE: " #T " is aligned to more than 64 bytes; see brood_type(3)");  \
	BROOD_NOTE_DESCRIBED(T);                                                                   \
	__attribute__((unused)) static const brood_type brood_type_##T;                            \
	__attribute__((unused)) static const brood_field brood_fields_##T[] = {                    \
		BROOD_EACH(BROOD_DESCRIBE, T, __VA_ARGS__)};                                       \
	__attribute__((unused)) static const brood_type brood_type_##T = {                         \
		#T, brood_fields_##T, (uint64_t[1]){0}, (uint32_t)sizeof(T),                       \
		(uint32_t)_Alignof(T),                                                             \
		(uint32_t)(sizeof(brood_fields_##T) / sizeof(brood_fields_##T[0])),                \
		BROOD_KIND_STRUCT};                                                                \
	_Static_assert(sizeof(struct brood_mirror_##T) == sizeof(T),                               \
		       "BROOD_TYPE: in " #T " a field after the last one listed is missing; "      \
		       "see brood_type(3)")

#define BROOD_STRUCT_IMPLEMENTATION(T, ...)                                                        \
	BROOD_PASTE(BROOD_STRUCT_, BROOD_LIMIT(__VA_ARGS__))(T, __VA_ARGS__)
#define BROOD_STRUCT_OVER(T, ...) BROOD_TYPE_OVER(T, __VA_ARGS__)
#define BROOD_STRUCT_WITHIN(T, ...)                                                                \
	typedef struct T T;                                                                        \
	struct T {                                                                                 \
		BROOD_EACH(BROOD_DEFINE, T, __VA_ARGS__)                                           \
	};                                                                                         \
	BROOD_TYPE_WITHIN(T, __VA_ARGS__)

/*
 * A pass is called as pass(T, entry) and becomes pass_<suffix>(T, arguments). An
 * entry is a word, a pair, or a mark, whose first member is in parentheses itself;
 * only the definition of a struct looks at a pair's type.
 */

#define BROOD_MIRROR(T, e)   BROOD_CALL(BROOD_MIRROR_, T, BROOD_ENTRY(e))
#define BROOD_CHECK(T, e)    BROOD_CALL(BROOD_CHECK_, T, BROOD_ENTRY(e))
#define BROOD_DESCRIBE(T, e) BROOD_CALL(BROOD_DESCRIBE_, T, BROOD_ENTRY(e))
#define BROOD_DEFINE(T, e)   BROOD_CALL_DEFINE(BROOD_FULL_ENTRY(e))

#define BROOD_CALL(...)				 BROOD_CALL_(__VA_ARGS__)
#define BROOD_CALL_(prefix, T, suffix, ...)	 prefix##suffix(T, __VA_ARGS__)
#define BROOD_CALL_DEFINE(...)			 BROOD_CALL_DEFINE_(__VA_ARGS__)
#define BROOD_CALL_DEFINE_(suffix, ...)		 BROOD_DEFINE_##suffix(__VA_ARGS__)

#define BROOD_ENTRY(e)		BROOD_PASTE(BROOD_ENTRY_, BROOD_IS_PAREN(e))(e)
#define BROOD_ENTRY_0(e)	plain_field, e
#define BROOD_ENTRY_1(e)	BROOD_PASTE(BROOD_TUPLE_, BROOD_FIRST_IS_PAREN e)(e)
#define BROOD_TUPLE_0(e)	BROOD_PAIR e
#define BROOD_TUPLE_1(e)	BROOD_MARK e
#define BROOD_PAIR(type, f)	plain_field, f
#define BROOD_MARK(suffix, ...) BROOD_BARE suffix, __VA_ARGS__
#define BROOD_FULL_ENTRY(e)	BROOD_PASTE(BROOD_FULL_, BROOD_FIRST_IS_PAREN e)(e)
#define BROOD_FULL_0(e)		plain_field, BROOD_BARE e
#define BROOD_FULL_1(e)		BROOD_MARK e

#define BROOD_BARE(...)			__VA_ARGS__
#define BROOD_PASTE(a, b)		BROOD_PASTE_(a, b)
#define BROOD_PASTE_(a, b)		a##b
#define BROOD_IS_PAREN(x)		BROOD_SECOND(BROOD_PROBE x, 0, 0)
#define BROOD_FIRST_IS_PAREN(first, ...) BROOD_IS_PAREN(first)
#define BROOD_PROBE(...)		0, 1
#define BROOD_SECOND(...)		BROOD_SECOND_(__VA_ARGS__)
#define BROOD_SECOND_(a, b, ...)	b

/* The last of one argument or two. */
#define BROOD_NAME(...)		  BROOD_PASTE(BROOD_NAME_, BROOD_THIRD(__VA_ARGS__, 2, 1, 0))(__VA_ARGS__)
#define BROOD_NAME_1(f)		  f
#define BROOD_NAME_2(type, f)	  f
#define BROOD_THIRD(a, b, c, ...) c

#define BROOD_COUNT(...) \
	BROOD_PICK(__VA_ARGS__, \
		   64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, \
		   41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, \
		   18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define BROOD_LIMIT(...) \
	BROOD_PICK(__VA_ARGS__, \
		   OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, \
		   OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, OVER, \
		   OVER, OVER, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, \
		   WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, \
		   WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, 0)
#define BROOD_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, \
		   a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, \
		   a39, a40, a41, a42, a43, a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, \
		   a57, a58, a59, a60, a61, a62, a63, a64, \
		   n, ...) n

#define BROOD_EACH(pass, T, ...) BROOD_PASTE(BROOD_EACH_, BROOD_COUNT(__VA_ARGS__))(pass, T, __VA_ARGS__)
#define BROOD_EACH_1(pass, T, e)	     pass(T, e)
#define BROOD_EACH_2(pass, T, e, ...)  pass(T, e) BROOD_EACH_1(pass, T, __VA_ARGS__)
#define BROOD_EACH_3(pass, T, e, ...)  pass(T, e) BROOD_EACH_2(pass, T, __VA_ARGS__)
#define BROOD_EACH_4(pass, T, e, ...)  pass(T, e) BROOD_EACH_3(pass, T, __VA_ARGS__)
#define BROOD_EACH_5(pass, T, e, ...)  pass(T, e) BROOD_EACH_4(pass, T, __VA_ARGS__)
#define BROOD_EACH_6(pass, T, e, ...)  pass(T, e) BROOD_EACH_5(pass, T, __VA_ARGS__)
#define BROOD_EACH_7(pass, T, e, ...)  pass(T, e) BROOD_EACH_6(pass, T, __VA_ARGS__)
#define BROOD_EACH_8(pass, T, e, ...)  pass(T, e) BROOD_EACH_7(pass, T, __VA_ARGS__)
#define BROOD_EACH_9(pass, T, e, ...)  pass(T, e) BROOD_EACH_8(pass, T, __VA_ARGS__)
#define BROOD_EACH_10(pass, T, e, ...) pass(T, e) BROOD_EACH_9(pass, T, __VA_ARGS__)
#define BROOD_EACH_11(pass, T, e, ...) pass(T, e) BROOD_EACH_10(pass, T, __VA_ARGS__)
#define BROOD_EACH_12(pass, T, e, ...) pass(T, e) BROOD_EACH_11(pass, T, __VA_ARGS__)
#define BROOD_EACH_13(pass, T, e, ...) pass(T, e) BROOD_EACH_12(pass, T, __VA_ARGS__)
#define BROOD_EACH_14(pass, T, e, ...) pass(T, e) BROOD_EACH_13(pass, T, __VA_ARGS__)
#define BROOD_EACH_15(pass, T, e, ...) pass(T, e) BROOD_EACH_14(pass, T, __VA_ARGS__)
#define BROOD_EACH_16(pass, T, e, ...) pass(T, e) BROOD_EACH_15(pass, T, __VA_ARGS__)
#define BROOD_EACH_17(pass, T, e, ...) pass(T, e) BROOD_EACH_16(pass, T, __VA_ARGS__)
#define BROOD_EACH_18(pass, T, e, ...) pass(T, e) BROOD_EACH_17(pass, T, __VA_ARGS__)
#define BROOD_EACH_19(pass, T, e, ...) pass(T, e) BROOD_EACH_18(pass, T, __VA_ARGS__)
#define BROOD_EACH_20(pass, T, e, ...) pass(T, e) BROOD_EACH_19(pass, T, __VA_ARGS__)
#define BROOD_EACH_21(pass, T, e, ...) pass(T, e) BROOD_EACH_20(pass, T, __VA_ARGS__)
#define BROOD_EACH_22(pass, T, e, ...) pass(T, e) BROOD_EACH_21(pass, T, __VA_ARGS__)
#define BROOD_EACH_23(pass, T, e, ...) pass(T, e) BROOD_EACH_22(pass, T, __VA_ARGS__)
#define BROOD_EACH_24(pass, T, e, ...) pass(T, e) BROOD_EACH_23(pass, T, __VA_ARGS__)
#define BROOD_EACH_25(pass, T, e, ...) pass(T, e) BROOD_EACH_24(pass, T, __VA_ARGS__)
#define BROOD_EACH_26(pass, T, e, ...) pass(T, e) BROOD_EACH_25(pass, T, __VA_ARGS__)
#define BROOD_EACH_27(pass, T, e, ...) pass(T, e) BROOD_EACH_26(pass, T, __VA_ARGS__)
#define BROOD_EACH_28(pass, T, e, ...) pass(T, e) BROOD_EACH_27(pass, T, __VA_ARGS__)
#define BROOD_EACH_29(pass, T, e, ...) pass(T, e) BROOD_EACH_28(pass, T, __VA_ARGS__)
#define BROOD_EACH_30(pass, T, e, ...) pass(T, e) BROOD_EACH_29(pass, T, __VA_ARGS__)
#define BROOD_EACH_31(pass, T, e, ...) pass(T, e) BROOD_EACH_30(pass, T, __VA_ARGS__)
#define BROOD_EACH_32(pass, T, e, ...) pass(T, e) BROOD_EACH_31(pass, T, __VA_ARGS__)

/* clang-format on */
#endif

#endif
