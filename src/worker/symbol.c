#include "symbol.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS_MAX 512	/* of a file that makes sense: bounds the search */
#define SYMBOLS_MAX  (1u << 20)
#define BATCH	     64		/* symbols read at once */

static int
read_at(int fd, void *buf, size_t n, uint64_t off)
{
	ssize_t k;

	do
		k = pread(fd, buf, n, (off_t)off);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return -errno;
	return (size_t)k == n ? 0 : -ENOEXEC;
}

/* The table of all symbols, and its strings. */
static int
find_tables(int fd, Elf64_Shdr *syms, Elf64_Shdr *strs)
{
	Elf64_Ehdr eh;
	unsigned i;
	int rc;

	if ((rc = read_at(fd, &eh, sizeof eh, 0)) < 0)
		return rc;
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_shentsize != sizeof *syms)
		return -ENOEXEC;
	for (i = 0; i < eh.e_shnum && i < SECTIONS_MAX; i++) {
		rc = read_at(fd, syms, sizeof *syms,
		    eh.e_shoff + i * sizeof *syms);
		if (rc < 0)
			return rc;
		if (syms->sh_type == SHT_SYMTAB)
			return read_at(fd, strs, sizeof *strs,
			    eh.e_shoff + syms->sh_link * sizeof *strs);
	}
	return -ENOENT;
}

static int
covers(const Elf64_Sym *s, uint64_t addr)
{
	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_size > 0 &&
	    addr >= s->st_value && addr < s->st_value + s->st_size;
}

/* Strings may end with the file: what is there is enough. */
static int
read_name(int fd, const Elf64_Shdr *strs, uint32_t at, char *name, size_t n)
{
	ssize_t k = pread(fd, name, n - 1, (off_t)(strs->sh_offset + at));

	if (k <= 0)
		return -ENOEXEC;
	name[k] = '\0';
	return 1;
}

int
symbol_find(int fd, uint64_t addr, char *name, size_t n)
{
	Elf64_Shdr syms, strs;
	Elf64_Sym batch[BATCH];
	uint64_t i, count;
	unsigned j, k;
	int rc;

	if ((rc = find_tables(fd, &syms, &strs)) < 0)
		return rc == -ENOENT ? 0 : rc;
	count = syms.sh_size / sizeof *batch;
	for (i = 0; i < count && i < SYMBOLS_MAX; i += k) {
		k = count - i < BATCH ? (unsigned)(count - i) : BATCH;
		rc = read_at(fd, batch, k * sizeof *batch,
		    syms.sh_offset + i * sizeof *batch);
		if (rc < 0)
			return rc;
		for (j = 0; j < k; j++)
			if (covers(&batch[j], addr))
				return read_name(fd, &strs, batch[j].st_name,
				    name, n);
	}
	return 0;
}
