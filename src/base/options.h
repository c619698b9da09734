/*
 * options.h - the table of every option of skepd.conf.
 *
 *	OPT(section, key, type, fallback, min, max, doc)
 *
 * All values stand as one would write them in the file.  The tables in the man
 * page and the sample configuration are made from these rows (make docs).
 *
 * type	STR a string; LIST strings; INT a whole number; BOOL; DURATION
 *	("500ms 30s 5m 1h 7d"), kept in nanoseconds; SIZE ("64k 500MB 1GiB"),
 *	kept in bytes; ENUM one of the words in min, separated by "|", kept as its
 *	place there, from 0
 * min, max
 *	the range, both ends allowed; "" for no limit and for types without one
 * fallback
 *	"@section.key" takes the value of another option, which has the same type
 *
 * The rows of section "group" exist once for each "group NAME { ... }".
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#ifndef SKEP_PLUGINDIR
#define SKEP_PLUGINDIR "/usr/local/lib/skep"
#endif
#ifndef SKEP_LIBEXECDIR
#define SKEP_LIBEXECDIR "/usr/local/libexec/skep"
#endif

/* clang-format off */
#define CONF_OPTIONS(OPT) \
OPT(skepd, preset, STR, "", "", "", \
    "A named set of values that stands between the built-in defaults and everything else: high-traffic.") \
OPT(skepd, user, STR, "", "", "", \
    "User that all processes run as. Must be given when skepd is started as root; \"root\" is allowed if it is meant.") \
OPT(skepd, group, STR, "", "", "", \
    "Group that all processes run as; empty: the user's own.") \
OPT(skepd, run_dir, STR, "/run/skep", "", "", \
    "Runtime directory: lock file, control socket. One skepd for each directory.") \
OPT(skepd, state_dir, STR, "/var/lib/skep", "", "", \
    "Where services keep files that outlive the server.") \
OPT(skepd, plugin_dir, STR, SKEP_PLUGINDIR, "", "", \
    "Where the file of a plugin is looked for when its section names none.") \
OPT(skepd, libexec_dir, STR, SKEP_LIBEXECDIR, "", "", \
    "Where skep-worker, skep-keeper and skep-mend are.") \
\
OPT(control, socket, STR, "", "", "", \
    "Path of the control socket; empty: control.sock in skepd.run_dir.") \
OPT(control, group, STR, "", "", "", \
    "A system group whose members may connect; empty: only root and the user that skepd runs as.") \
OPT(control, group_role, ENUM, "operate", "read|operate|administer", "", \
    "What members of control.group may do. Root and the user that skepd runs as administer.") \
OPT(control, clients_max, INT, "64", "1", "4096", \
    "Control connections open at once; one more is closed with an error. The last quarter is for root and the user that skepd runs as.") \
OPT(control, idle_timeout, DURATION, "5m", "1s", "1d", \
    "A control connection on which nothing happens for so long is closed, also in the middle of an answer that the client does not take.") \
\
OPT(admin, listen, LIST, "127.0.0.1:8081", "", "", \
    "Addresses of the admin HTTP server, as in group.listen; an empty list turns it off.") \
OPT(admin, connections_max, INT, "64", "1", "4096", \
    "Admin connections open at once; more are accepted when one has ended.") \
OPT(admin, request_timeout, DURATION, "10s", "100ms", "10m", \
    "An admin connection that is silent for so long is closed.") \
\
OPT(region, path, STR, "", "", "", \
    "File of the shared memory; empty: a file in /dev/shm named after skepd.run_dir.") \
OPT(region, slots, INT, "128", "8", "256", \
    "Processes and threads that can be attached at once; a reload needs twice the workers.") \
OPT(region, order, ENUM, "auto", "auto|membarrier|fence", "", \
    "How readers are ordered against reclaiming: by the membarrier system call, by fences, or by what the kernel offers.") \
\
OPT(cache, size, SIZE, "500MB", "4MiB", "1TiB", \
    "Memory of the shared cache: segments, index and tags. At most a quarter of the machine's memory is taken; the log says what limited it.") \
OPT(cache, keys_max, INT, "50000", "0", "4000000000", \
    "Entries the cache may hold; 0: only its size limits it.") \
OPT(cache, ttl, DURATION, "300s", "0s", "3650d", \
    "Time to live of entries whose writer names none; 0s: they do not expire.") \
OPT(cache, value_max, SIZE, "8MiB", "1k", "64MiB", \
    "Largest value that can be stored.") \
\
OPT(workers, cluster, BOOL, "true", "", "", \
    "Off: one worker a group, whatever start, min and max say.") \
OPT(workers, start, INT, "0", "0", "512", \
    "Workers a group starts with; 0: as many as there are CPUs for this cgroup. Kept between min and max.") \
OPT(workers, min, INT, "2", "1", "512", \
    "A group is ready when it has so many workers ready.") \
OPT(workers, max, INT, "20", "1", "512", \
    "A group never has more workers of one generation.") \
OPT(workers, connections_max, INT, "8192", "1", "1000000", \
    "Connections a worker holds at once; it accepts no more until one has ended.") \
OPT(workers, files_max, INT, "65536", "64", "10000000", \
    "Open files a process may have; raised to this as far as the hard limit allows.") \
OPT(workers, memory_max, SIZE, "0", "0", "1TiB", \
    "Private memory a worker may use before it is replaced; 0: no limit.") \
OPT(workers, section_max, DURATION, "10s", "200ms", "10m", \
    "A process that stays inside one read section of the cache for so long is killed.") \
\
OPT(respawn, attempts, INT, "3", "1", "1000", \
    "Deaths that workers of a group brought on themselves early, within respawn.window, that put the group in the failed state.") \
OPT(respawn, early, DURATION, "1s", "0s", "1h", \
    "A death is early before the worker is ready and for so long after.") \
OPT(respawn, window, DURATION, "120s", "1s", "1d", \
    "The time over which early deaths are counted.") \
OPT(respawn, delay, DURATION, "5s", "10ms", "1h", \
    "A failed group tries one worker again each time so long has passed.") \
\
OPT(http, request_line_max, SIZE, "8k", "128", "1MiB", \
    "Longest request line; a longer one is answered 414.") \
OPT(http, header_max, SIZE, "32k", "256", "1MiB", \
    "Most bytes of a request's fields, trailers and chunk extensions; more is answered 431.") \
OPT(http, fields_max, INT, "100", "1", "10000", \
    "Most fields of a request, trailers included; more is answered 431.") \
OPT(http, body_max, SIZE, "50MB", "0", "1TiB", \
    "Largest request body; a larger one is answered 413.") \
OPT(http, header_timeout, DURATION, "10s", "10ms", "1h", \
    "From a request's first byte to the end of its fields; then 408.") \
OPT(http, body_timeout, DURATION, "30s", "10ms", "1h", \
    "Between two reads of a request body; then 408.") \
OPT(http, idle_timeout, DURATION, "65s", "10ms", "1d", \
    "A connection without a request is closed after so long.") \
OPT(http, write_timeout, DURATION, "30s", "10ms", "1h", \
    "A client that takes nothing of its answer for so long is disconnected.") \
OPT(http, request_timeout, DURATION, "30s", "1ms", "1d", \
    "Deadline of a handler whose route names none, not counting what it waits for its client; its waits then end and the answer is 504.") \
OPT(http, pipeline_max, INT, "1000", "1", "100000", \
    "Requests that may wait on one connection; reading stops while so many do.") \
OPT(http, linger_timeout, DURATION, "2s", "0s", "1m", \
    "After a last answer, also of a raw connection, how long what the client still sends is read and dropped, so that the answer is not lost to a reset.") \
OPT(http, worker_header, BOOL, "false", "", "", \
    "Answers carry X-Skep-Worker with the name and pid of the worker.") \
OPT(http, server_header, BOOL, "true", "", "", \
    "Answers carry Server: skep.") \
\
OPT(stream, idle_timeout, DURATION, "10m", "10ms", "7d", \
    "A raw connection whose handler waits for input for so long is closed.") \
OPT(stream, write_timeout, DURATION, "30s", "10ms", "1h", \
    "A client of a raw connection that takes nothing of its output for so long is disconnected.") \
OPT(stream, buffer_max, SIZE, "256k", "1k", "1GiB", \
    "Output of a raw connection that may be buffered before a write waits.") \
\
OPT(task, memory_max, SIZE, "64MiB", "64k", "64GiB", \
    "Memory one task may allocate.") \
OPT(task, stack, SIZE, "128k", "32k", "16MiB", \
    "Stack of a handler's fiber; a guard of 256 KiB lies below it.") \
\
OPT(watchdog, limit, DURATION, "2s", "50ms", "1h", \
    "A handler that holds the loop of its worker for so long is named in the log with a backtrace, and the worker is replaced.") \
OPT(watchdog, warn, DURATION, "200ms", "1ms", "1h", \
    "A handler that held the loop for so long is named in the log.") \
\
OPT(reload, timeout, DURATION, "30s", "100ms", "1h", \
    "A new generation that is not ready by then is dropped; the old one stays.") \
OPT(drain, timeout, DURATION, "30s", "100ms", "1d", \
    "How long a worker that is retired may take to finish what it has begun.") \
OPT(stop, timeout, DURATION, "8s", "100ms", "1d", \
    "How long a graceful stop may take; what is left is then killed.") \
\
OPT(log, format, ENUM, "kv", "kv|json", "", \
    "Form of a line: key=value, or one JSON object.") \
OPT(log, level, LIST, "info", "", "", \
    "Least important level that is logged (error, warn, info, debug); \"cache=debug\" sets it for one subsystem.") \
OPT(log, access, STR, "", "", "", \
    "File of the access log; empty: none.") \
OPT(log, slow, DURATION, "5s", "0s", "1h", \
    "Requests that took longer are logged as warnings; 0s: none.") \
\
OPT(group, plugin, LIST, "", "", "", \
    "Plugins of the group, by the names of their sections.") \
OPT(group, listen, LIST, "", "", "", \
    "Addresses: \"HOST:PORT\", \"[IPV6]:PORT\", \":PORT\" for all, \"unix:/PATH\". Port 0 lets the system choose.") \
OPT(group, protocol, ENUM, "http", "http|stream", "", \
    "What is spoken on the listeners: HTTP, or raw connections for a plugin's conn handler.") \
OPT(group, start, INT, "@workers.start", "0", "512", \
    "As workers.start.") \
OPT(group, min, INT, "@workers.min", "1", "512", \
    "As workers.min.") \
OPT(group, max, INT, "@workers.max", "1", "512", \
    "As workers.max.") \
OPT(group, backlog, INT, "4096", "1", "65535", \
    "Connections that may wait to be accepted, as far as the kernel allows (net.core.somaxconn).") \
OPT(group, socket_mode, STR, "0666", "", "", \
    "Access mode of UNIX listeners, in octal; they belong to skepd.user and skepd.group.")
/* clang-format on */

enum conf_type {
	CONF_STR,
	CONF_LIST,
	CONF_INT,
	CONF_BOOL,
	CONF_DURATION,
	CONF_SIZE,
	CONF_ENUM
};

/* OPT_http_body_max and so on. */
#define CONF_OPT_ID(section, key, type, fallback, min, max, doc) \
	OPT_##section##_##key,
enum conf_opt { CONF_OPTIONS(CONF_OPT_ID) OPT_N };
#undef CONF_OPT_ID

struct conf_row {
	const char *section, *key;
	enum conf_type type;
	const char *fallback, *min, *max, *doc;
};

/* Indexed by enum conf_opt. */
extern const struct conf_row conf_rows[OPT_N];

/* Words of the ENUM rows, in their order. */
enum { CONTROL_READ, CONTROL_OPERATE, CONTROL_ADMINISTER };
enum { REGION_ORDER_AUTO, REGION_ORDER_MEMBARRIER, REGION_ORDER_FENCE };
enum { LOG_FORMAT_KV, LOG_FORMAT_JSON };
enum { PROTOCOL_HTTP, PROTOCOL_STREAM };

#endif
