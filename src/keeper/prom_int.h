/* prom_int.h - parts of the exporter. */
#ifndef KEEPER_PROM_INT_H
#define KEEPER_PROM_INT_H

#include "prom.h"

/* HELP and TYPE of a family of prom_docs. */
void prom_begin(struct buf *out, const char *family);
/* The same and its one sample, without labels. */
void prom_one(struct buf *out, const char *family, double value);

void prom_process(struct buf *out, int pid);

#endif
