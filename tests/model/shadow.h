/* SPDX-License-Identifier: MIT */
#ifndef MODEL_SHADOW_H
#define MODEL_SHADOW_H

/*
 * Included before a source of the library that is to be explored (model.h): each of its atomic
 * operations becomes a point at which the scheduler may run another process or kill
 * this one, and what it asks of the kernel, the clock and the heap is asked of the model.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define sys_futex_wake	    model_futex_wake
#define sys_futex_or_wake   model_futex_or_wake
#define clock_now	    model_clock_now
#define deadline_in	    model_deadline_in
#define getpid		    model_getpid
#define gettid		    model_gettid
#define brood_cpu_count	    model_cpu_count
#define table_dead	    model_table_dead
#define table_pid	    model_table_pid
#define heap_map	    model_heap_map
#define heap_require	    model_heap_require
#define heap_alloc	    model_heap_alloc
#define heap_block_of	    model_heap_block_of
#define heap_object	    model_heap_object
#define heap_give	    model_heap_give
#define heap_free_owned	    model_heap_free_owned
#define heap_sweep	    model_heap_sweep
#define brood_aligned_alloc model_aligned_alloc
#define brood_heap_contains model_heap_contains
#define brood_free	    model_free

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
#define MODEL_LOAD(p)	     __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define MODEL_STORE(p, v)    __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_EXCHANGE(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_CAS(p, e, v) \
	__atomic_compare_exchange_n((p), (e), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
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
#define TAKEN_PAGE     3
#define FIRST_BYTES    0
#define FIRST_SLOTS    1
#define GAP_LEAST      1

/* In place of heap/life.h, whose life_owner() is inline. */
#define HEAP_LIFE_H
#include "base/clock.h"
#include "heap/account.h"
#define LIFE_WATCHED UINT32_C(0x80000000)
#define LIFE_LEFT    UINT32_C(0x40000000)
#define LIFE_SEVERAL UINT32_MAX
#define life_owner   model_life_owner
#define life_known   model_life_owner
#define life_wait    model_life_wait
#define life_dead    model_life_dead
heap_owner life_owner(void);
int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when);
bool life_dead(heap_owner peer);

#endif
