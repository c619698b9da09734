/*
 * show.h - the status document as text: what `status`, `workers` and `top` show.
 *
 * Missing members are shown as "-", so that documents of other versions can be
 * read.
 */
#ifndef IPC_SHOW_H
#define IPC_SHOW_H

#include <jansson.h>

#include "buf.h"

/* The whole document of `status`. */
void show_status(const json_t *doc, struct buf *out);
/* An array of workers, as in `workers` and in each group of the document. */
void show_workers(const json_t *workers, struct buf *out);

/* "1.2G", "340M": for people. */
#define SHOW_LEN 24
char *show_bytes(char buf[SHOW_LEN], double n);
char *show_count(char buf[SHOW_LEN], double n);
/* "3d4h", "5m12s". */
char *show_age(char buf[SHOW_LEN], double seconds);

/* Member of an object by a path "cache.items"; 0 and "" where there is none. */
double show_num(const json_t *, const char *path);
const char *show_str(const json_t *, const char *path);

#endif
