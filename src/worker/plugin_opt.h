/* plugin_opt.h - a plugin's options: its table against its section of the configuration. */
#ifndef WORKER_PLUGIN_OPT_H
#define WORKER_PLUGIN_OPT_H

struct conf;
struct plugin;
struct plugin_why;

/*
 * Fill plugin->values.  0; -EINVAL with file:line for an unknown key (and the
 * nearest known one), a value of another type, or one that must be given.
 */
int plugin_opt_read(struct plugin *, const struct conf *, struct plugin_why *);

#endif
