/* SPDX-License-Identifier: MIT */
#ifndef MODEL_SHADOW_H
#define MODEL_SHADOW_H

/*
 * Included before a source of the library that is to be explored (model.h): each of its atomic
 * operations becomes a point at which the scheduler may run another process or kill
 * this one, and heap/life.h is what the model has in its place.
 */

#include <stdatomic.h>

#include <stdint.h>

void model_point(uintptr_t address, const char *function, int line);
#define MODEL_POINT(p) model_point((uintptr_t)(p), __func__, __LINE__)

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and
#undef atomic_fetch_and_explicit

/* clang-format off */
#ifdef __clang__
#define MODEL_LOAD(p)	     __c11_atomic_load((p), __ATOMIC_SEQ_CST)
#define MODEL_STORE(p, v)    __c11_atomic_store((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_EXCHANGE(p, v) __c11_atomic_exchange((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_CAS(p, e, v) \
	__c11_atomic_compare_exchange_strong((p), (e), (v), __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define MODEL_FETCH(op, p, v) __c11_atomic_fetch_##op((p), (v), __ATOMIC_SEQ_CST)
#else
#define MODEL_VALUE(p) __typeof__((void)0, *(p))
#define MODEL_LOAD(p)                                                              \
	__extension__({                                                            \
		MODEL_VALUE(p) model_value;                                        \
		__atomic_load((p), &model_value, __ATOMIC_SEQ_CST);                \
		model_value;                                                       \
	})
#define MODEL_STORE(p, v)                                                          \
	__extension__({                                                            \
		MODEL_VALUE(p) model_value = (v);                                  \
		__atomic_store((p), &model_value, __ATOMIC_SEQ_CST);               \
	})
#define MODEL_EXCHANGE(p, v)                                                       \
	__extension__({                                                            \
		MODEL_VALUE(p) model_value = (v), model_old;                       \
		__atomic_exchange((p), &model_value, &model_old, __ATOMIC_SEQ_CST); \
		model_old;                                                         \
	})
#define MODEL_CAS(p, e, v)                                                         \
	__extension__({                                                            \
		MODEL_VALUE(p) model_value = (v);                                  \
		__atomic_compare_exchange((p), (e), &model_value, 0, __ATOMIC_SEQ_CST, \
					  __ATOMIC_SEQ_CST);                       \
	})
#define MODEL_FETCH(op, p, v) __atomic_fetch_##op((p), (v), __ATOMIC_SEQ_CST)
#endif

#define atomic_load(p)					   (MODEL_POINT(p), MODEL_LOAD(p))
#define atomic_load_explicit(p, o)			   (MODEL_POINT(p), MODEL_LOAD(p))
#define atomic_store(p, v)				   (MODEL_POINT(p), MODEL_STORE(p, v))
#define atomic_store_explicit(p, v, o)			   (MODEL_POINT(p), MODEL_STORE(p, v))
#define atomic_exchange(p, v)				   (MODEL_POINT(p), MODEL_EXCHANGE(p, v))
#define atomic_exchange_explicit(p, v, o)		   (MODEL_POINT(p), MODEL_EXCHANGE(p, v))
#define atomic_compare_exchange_strong(p, e, v)		   (MODEL_POINT(p), MODEL_CAS(p, e, v))
#define atomic_compare_exchange_strong_explicit(p, e, v, s, f) (MODEL_POINT(p), MODEL_CAS(p, e, v))
#define atomic_compare_exchange_weak(p, e, v)		   (MODEL_POINT(p), MODEL_CAS(p, e, v))
#define atomic_compare_exchange_weak_explicit(p, e, v, s, f)   (MODEL_POINT(p), MODEL_CAS(p, e, v))
#define atomic_fetch_add(p, v)				   (MODEL_POINT(p), MODEL_FETCH(add, p, v))
#define atomic_fetch_add_explicit(p, v, o)		   (MODEL_POINT(p), MODEL_FETCH(add, p, v))
#define atomic_fetch_sub(p, v)				   (MODEL_POINT(p), MODEL_FETCH(sub, p, v))
#define atomic_fetch_sub_explicit(p, v, o)		   (MODEL_POINT(p), MODEL_FETCH(sub, p, v))
#define atomic_fetch_or(p, v)				   (MODEL_POINT(p), MODEL_FETCH(or, p, v))
#define atomic_fetch_or_explicit(p, v, o)		   (MODEL_POINT(p), MODEL_FETCH(or, p, v))
#define atomic_fetch_and(p, v)				   (MODEL_POINT(p), MODEL_FETCH(and, p, v))
#define atomic_fetch_and_explicit(p, v, o)		   (MODEL_POINT(p), MODEL_FETCH(and, p, v))
/* clang-format on */

/* Spinning is waiting, and explores nothing; what is looked through can be short. */
#define CORE_SPINS     0
#define SEATS_AT_FIRST 2

#define HEAP_LIFE_H
#include "base/clock.h"
#include "heap/owner.h"
#define LIFE_WATCHED UINT32_C(0x80000000)
#define LIFE_LEFT    UINT32_C(0x40000000)
#define LIFE_SEVERAL UINT32_MAX
heap_owner life_owner(void);
int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when);
bool life_dead(heap_owner peer);

#endif
