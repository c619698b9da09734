/* item.h - a service of plugin_item, and what it must answer. */
#ifndef E2E_ITEM_H
#define E2E_ITEM_H

#include <stddef.h>

#include "corpus.h"

#define ITEM_PAGES 200

/*
 * The sections of a group "web" with so many workers that runs the plugin file
 * NAME.so of the build tree; more is added at the end.
 */
void item_conf(char *out, size_t size, const char *plugin, int workers,
    const char *more);

/* All pages, computed here. */
int item_corpus(struct corpus *);

#endif
