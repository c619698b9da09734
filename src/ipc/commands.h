/*
 * commands.h - the table of control commands.
 *
 *	CMD(ID, noun, verb, args, opts, role, who, doc)
 *
 * verb	"" when the noun stands alone
 * args	as shown in the usage: words, "[...]" optional; their number is checked
 *	by it, and "..." at the end takes any number
 * opts	"--name" a switch, "--name=X" one with a value; --json goes with all
 * role	who may: READ, OPERATE, ADMINISTER; of no meaning where nobody is asked
 * who	answers: MASTER, KEEPER (the master hands the connection over), LOCAL
 *	(skepctl does it by itself)
 *
 * The usage of skepctl and the tables in its man page are made from this.
 */
#ifndef IPC_COMMANDS_H
#define IPC_COMMANDS_H

/* clang-format off */
#define CTL_COMMANDS(CMD) \
CMD(PING, "ping", "", "", "", READ, MASTER, \
    "Say whether the daemon answers, and how fast.") \
CMD(STATUS, "status", "", "", "", READ, MASTER, \
    "Show the daemon, its groups and workers, the cache and alerts. Exits 3 when no daemon runs.") \
CMD(WORKERS, "workers", "", "[GROUP]", "", READ, MASTER, \
    "Show the workers, of all groups or one.") \
CMD(SCALE, "scale", "", "GROUP N|auto", "--wait --dry-run", OPERATE, MASTER, \
    "Set how many workers a group has; auto gives it back to the configuration.") \
CMD(RELOAD, "reload", "", "", "--wait --dry-run", OPERATE, MASTER, \
    "Start a new generation from the configuration file; the old one stays when it does not become ready.") \
CMD(STOP, "stop", "", "", "--wait --dry-run --now", ADMINISTER, MASTER, \
    "Stop in order: finish what has begun, at most for stop.timeout; at once with --now.") \
CMD(DRAIN, "drain", "", "[WORKER]", "--wait --dry-run", OPERATE, MASTER, \
    "Let one worker finish and be replaced; without a name, all workers of the server finish and no connection is taken any more, until scale or a reload brings workers back.") \
CMD(LOG_LEVEL, "log", "level", "[LEVEL|SUBSYSTEM=LEVEL]", "", OPERATE, MASTER, \
    "Show the levels in force, or set the least important level that is logged: error, warn, info, debug. It stands until a reload changes log.level.") \
CMD(LOG_REOPEN, "log", "reopen", "", "", OPERATE, MASTER, \
    "Open the access log, if there is one, anew, after it has been renamed.") \
CMD(CACHE_STATS, "cache", "stats", "", "", READ, KEEPER, \
    "Show what the cache holds and how it is used.") \
CMD(CACHE_GET, "cache", "get", "KEY", "", READ, KEEPER, \
    "Print a value as it is stored.") \
CMD(CACHE_SET, "cache", "set", "KEY VALUE", "--ttl=TIME --flags=N", OPERATE, KEEPER, \
    "Store a value; its time to live is cache.ttl when none is given, 0 for none.") \
CMD(CACHE_DEL, "cache", "del", "KEY...", "--dry-run", OPERATE, KEEPER, \
    "Remove entries.") \
CMD(CACHE_FLUSH, "cache", "flush", "", "--dry-run", OPERATE, KEEPER, \
    "Remove all entries: from then on nobody is given what was stored before.") \
CMD(METRICS, "metrics", "", "[NAME]", "", READ, KEEPER, \
    "Print the metrics as /metrics does, all or those whose name begins so.") \
CMD(EVENTS, "events", "", "", "--follow --last=N", READ, KEEPER, \
    "Print the last events, and with --follow those that come.") \
CMD(FSCK, "fsck", "", "[FILE]", "", READ, LOCAL, \
    "Check a region: the file given, else the one of the configuration given with -c, else the daemon's. Exits 1 when it is not whole. The file can be read by root and the user that skepd runs as.") \
CMD(INSPECT, "inspect", "", "[FILE]", "", READ, LOCAL, \
    "Show what is in a region: header, sections, slots, cache. Finds it as fsck does, and needs the same right; a file needs no daemon.") \
CMD(TOP, "top", "", "", "--interval=TIME --once", READ, LOCAL, \
    "A live screen of groups, workers and cache; q ends it. Where it cannot live, and with --once or --json, it is shown once. Needs what status needs.") \
CMD(HELP, "help", "", "[COMMAND] [VERB]", "", READ, LOCAL, \
    "Show all commands, or how one is used, as --help behind it does.") \
CMD(CHECK, "check", "", "FILE", "", READ, LOCAL, \
    "Check a configuration file and the files of the plugins it names, and print each value with its origin. Exits 78 when it is refused.")
/* clang-format on */

enum ctl_role { CTL_READ, CTL_OPERATE, CTL_ADMINISTER };
enum ctl_who { CTL_MASTER, CTL_KEEPER, CTL_LOCAL };

#define CTL_ID(id, noun, verb, args, opts, role, who, doc) CTL_##id,
enum ctl_id { CTL_COMMANDS(CTL_ID) CTL_N };
#undef CTL_ID

struct ctl_command {
	enum ctl_id id;
	const char *noun, *verb, *args, *opts;
	enum ctl_role role;
	enum ctl_who who;
	const char *doc;
};

/* Indexed by enum ctl_id. */
extern const struct ctl_command ctl_commands[CTL_N];

#endif
