/*
 * off.h - references inside the region.
 *
 * The region lies at another address in every process, so it holds offsets
 * from its beginning, never pointers.  Offset 0 is the header and therefore
 * free to mean nil.  An offset read from the region is input: another process
 * may have died while it wrote it, so it is checked where it is resolved.
 */
#ifndef SHM_OFF_H
#define SHM_OFF_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t off_ref;

#define OFF_NIL ((off_ref)0)

/*
 * The address of len bytes at off in a space of size bytes at base, or NULL
 * when they are nil, not wholly inside, or not aligned to align (a power of
 * two).  Never waits, cannot overflow.
 */
static inline void *
off_resolve(void *base, uint64_t size, off_ref off, uint64_t len, uint64_t align)
{
	if (off == OFF_NIL || off > size || len > size - off)
		return NULL;
	if ((off & (align - 1)) != 0)
		return NULL;
	return (char *)base + off;
}

static inline off_ref
off_of(const void *base, const void *p)
{
	return (off_ref)((const char *)p - (const char *)base);
}

#endif
