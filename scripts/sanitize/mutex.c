// Tells thread sanitizer what it can't see of Swift's Mutex.
//
// Locking and unlocking are compiled into the code that is watched, but not if a thread waits:
// then it gets the Mutex, and the other one hands it over, within Swift's library. Every access
// after that would be reported as a race. This is loaded before the library and passes such calls
// on to it.
//
// Needs clang, which knows how Swift passes `self`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

// Of the sanitizer; processes without it have none.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

static void acquired(void *mutex) {
  if (__tsan_acquire != NULL) __tsan_acquire(mutex);
}

SWIFT void lock_slow(uint32_t owner, SELF) __asm__(LOCK);
SWIFT void lock_slow(uint32_t owner, SELF) {
  static SWIFT void (*real)(uint32_t, SELF);
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, LOCK);
  real(owner, mutex);
  acquired(mutex);
}

SWIFT void unlock_slow(SELF) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF) {
  static SWIFT void (*real)(SELF);
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, UNLOCK);
  if (__tsan_release != NULL) __tsan_release(mutex);
  real(mutex);
}

SWIFT bool try_lock_slow(SELF) __asm__(TRY);
SWIFT bool try_lock_slow(SELF) {
  static SWIFT bool (*real)(SELF);
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, TRY);
  bool isLocked = real(mutex);
  if (isLocked) acquired(mutex);
  return isLocked;
}
