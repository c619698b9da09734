/*
 * symbol.h - the name of the function at an address of an ELF file, static ones
 * included where the file is not stripped: the dynamic linker knows only what
 * is exported, and handlers are not.  Safe in a signal handler: it reads the
 * file piece by piece and keeps nothing.
 */
#ifndef WORKER_SYMBOL_H
#define WORKER_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * addr: relative to where the file is loaded.  1 and the NUL-terminated name
 * (cut to n), 0 when no function is known there, -errno (-ENOEXEC: not a file of
 * our machine's form).
 */
int symbol_find(int fd, uint64_t addr, char *name, size_t n);

#endif
