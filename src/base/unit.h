/* unit.h - numbers as people write them: durations, sizes, truth. */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <stddef.h>
#include <stdint.h>

/*
 * All take the whole string: 0, -EINVAL (not of this form), -ERANGE (too
 * large).  A fraction is allowed where a unit follows: "1.5s".
 *
 * int		digits, with an optional sign
 * bool		true false yes no on off 1 0
 * duration	us ms s m h d w, several in falling order ("1h30m"); a number
 *		without a unit is refused, but 0
 * size		b k m g t and kib mib gib tib are powers of 1024; kb mb gb tb
 *		powers of 1000; without a unit bytes; letter case is free
 */
int unit_int(const char *, int64_t *out);
int unit_bool(const char *, int64_t *out);
int unit_duration(const char *, int64_t *ns_out);
int unit_size(const char *, int64_t *bytes_out);

/* The place of word in "a|b|c", from 0; -EINVAL. */
int unit_enum(const char *word, const char *words, int64_t *out);

/* "1h30m", "1.5s" is "1500ms": the shortest exact form.  Returns buf. */
#define UNIT_LEN 48
char *unit_duration_str(char buf[UNIT_LEN], int64_t ns);
char *unit_size_str(char buf[UNIT_LEN], int64_t bytes);

#endif
