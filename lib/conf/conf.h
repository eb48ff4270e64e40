/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_CONF_CONF_H
#define WGQ_CONF_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/device.h"

/**
 * DOC: how a .conf becomes data
 *
 * A conf is read twice over, as it is by wg-quick and wg (contract chapters 2
 * and 3), since the two disagree about white space, comments and sections:
 *
 *  1. conf_parse() is wg-quick's layer.  It takes the keys it knows out of
 *     [Interface] and keeps every other line, trimmed, in the passthrough
 *     text, which is what `strip` prints.
 *  2. conf_parse_device() is wg's layer.  It reads the passthrough text into a
 *     struct wg_device.  Only `up` needs it: `down`, `save` and `strip` work
 *     on a conf that wg would refuse, as they do with wg-quick.
 *
 * Both only read memory.  Neither stops at the first mistake: each one is
 * reported with its line, and the return value says whether there was any.
 * Host names stay names here; resolving them is not parsing.
 */

/** struct conf_value - a value and the line it is from */
struct conf_value {
	const char *s;
	unsigned int line;
};

/** struct conf_list - values in file order */
struct conf_list {
	struct conf_value *v;
	size_t n, cap;
};

/** enum conf_phase - when a hook runs */
enum conf_phase {
	CONF_PRE_UP,
	CONF_POST_UP,
	CONF_PRE_DOWN,
	CONF_POST_DOWN,
	CONF_PHASES
};

/** conf_phase_name() - "PreUp", "PostUp", "PreDown" or "PostDown" */
const char *conf_phase_name(enum conf_phase phase);

/**
 * struct conf_interfaces - a directive that is yes, no or names interfaces
 * @on:		it is not "no"
 * @v:		names of interfaces, none = all
 * @line:	line that @on is from
 */
struct conf_interfaces {
	bool on;
	const char **v;
	size_t n, cap;
	unsigned int line;
};

/** enum conf_open - from where ListenPort is to be reached */
enum conf_open { CONF_OPEN_NO, CONF_OPEN_PEERS, CONF_OPEN_ANY };

/**
 * struct conf_directives - what `#wgq KEY = VALUE` comments ask for
 * @lines:	texts after "#wgq", as they stand
 * @misplaced:	the same of lines outside of [Interface]
 * @forward:	accept forwarded traffic from the tunnel, to these interfaces
 * @masquerade:	masquerade it where it leaves by these interfaces
 * @open_port:	accept what comes to ListenPort
 * @open_line:	line of @open_port
 */
struct conf_directives {
	struct conf_list lines, misplaced;
	struct conf_interfaces forward, masquerade;
	enum conf_open open_port;
	unsigned int open_line;
};

/**
 * struct conf - a parsed .conf
 * @arena:	owns everything below; conf_done() wipes it
 * @name:	file name as messages show it
 * @path:	canonical path of the file (contract PATH-6)
 * @ifname:	interface name, from the path as the user gave it
 * @address:	words of the Address lines, one address each (KEY-5)
 * @addresses:	the same, parsed; filled by conf_parse_device()
 * @dns:	name servers of the DNS lines (DNS-1)
 * @dns_search:	search domains of the DNS lines
 * @mtu:	text of the last MTU, empty or NULL when unset
 * @mtu_value:	the same as a number, checked by conf_parse_device(); valid
 *		while @mtu is set
 * @table:	text of the last Table, likewise
 * @hooks:	hook lines by phase, `%i` not yet replaced
 * @save_config: last SaveConfig
 * @directives:	directives of our own; values filled by conf_parse_device()
 * @passthrough: lines for wg, each ended by LF; may hold keys
 * @passthrough_line: for each passthrough line, its line in the file
 * @n_passthrough: number of those lines
 * @device:	wg's part; filled by conf_parse_device()
 */
struct conf {
	struct arena arena;
	const char *name, *path;
	char ifname[IF_NAMESIZE];
	struct conf_list address, dns, dns_search;
	struct addr *addresses;
	struct conf_value mtu, table;
	int mtu_value;
	struct conf_list hooks[CONF_PHASES];
	bool save_config;
	struct conf_directives directives;
	struct buf passthrough;
	unsigned int *passthrough_line;
	size_t n_passthrough, cap_passthrough;
	struct wg_device device;
};

/** enum conf_severity - does a finding stop `up`? */
enum conf_severity { CONF_WARNING, CONF_ERROR };

/**
 * struct conf_finding - one thing found wrong in a conf
 * @severity:	a warning is shown, an error ends the run
 * @line:	line in the file, 0 when it is about the file as a whole
 * @status:	exit status that wg-quick would end with
 * @text:	what is wrong, quoting what was written, without a prefix such
 *		as "Warning:"; never key material; lives as long as the conf
 */
struct conf_finding {
	enum conf_severity severity;
	unsigned int line;
	int status;
	const char *text;
};

/** conf_report - receives findings in the order of the lines of a layer */
typedef void conf_report(void *ctx, const struct conf_finding *finding);

/**
 * conf_parse() - wg-quick's layer: text to conf
 * @conf:	zeroed, but for @name, @path and @ifname which the caller set
 * @text:	content of the file, any bytes
 * @len:	its length
 * @report:	receives what is wrong
 * @ctx:	first argument of @report
 *
 * NUL bytes are dropped first (LINE-2), lines end at LF, `#` cuts every value
 * but those of hooks (LINE-5 to LINE-7), sections as in SEC-1 to SEC-5.  Words
 * of Address and DNS are split on commas, spaces and tabs, and never expanded
 * as globs (KEY-6).  The only error of this layer is a SaveConfig that is
 * neither true nor false.
 *
 * Return: 0, -EINVAL when an error was reported, -ENOMEM.  conf_done() is
 * due in every case.
 */
int conf_parse(struct conf *conf, const char *text, size_t len,
	       conf_report *report, void *ctx)
	__attribute__((warn_unused_result));

/**
 * conf_parse_device() - wg's layer and the values that iproute2 would check
 * @conf:	filled by conf_parse()
 * @report:	receives what is wrong
 * @ctx:	first argument of @report
 *
 * Reads the passthrough text by contract chapter 3, the Address words and the
 * MTU by chapter 2.5 and 2.6, and the directives.  Line errors of wg carry
 * status 1; an MTU that is no number 255 (EXIT-2).  Each peer starts with
 * replace_allowed_ips set (AIP-6).
 *
 * Return: 0, -EINVAL when an error was reported, -ENOMEM.
 */
int conf_parse_device(struct conf *conf, conf_report *report, void *ctx)
	__attribute__((warn_unused_result));

/**
 * conf_predict_device() - what a fresh device holds after `wg addconf`
 * @asked:	filled by conf_parse_device(); its own peers are not changed
 * @a:		owns the arrays of the result; strings still belong to @asked
 * @ret_live:	the device as it will read back, untouched on failure
 *
 * Blocks of one public key are one peer (DUP-1), a peer with the interface's
 * own key is dropped where that is known (KEYS-3), keys are clamped, allowed
 * IPs are masked, listed once a peer, owned by the last peer that lists them
 * (AIP-7), taken off again where `-` says so (AIP-5), and in the order that the
 * kernel dumps them in: the one of their last addition.  A listening port that
 * is left to the kernel stays 0.
 *
 * Return: 0 or -ENOMEM.
 */
int conf_predict_device(const struct wg_device *asked, struct arena *a,
			struct wg_device *ret_live)
	__attribute__((warn_unused_result));

/** conf_wants_firewall() - do the directives ask for rules? */
static inline bool conf_wants_firewall(const struct conf *conf)
{
	const struct conf_directives *d = &conf->directives;

	return d->forward.on || d->masquerade.on ||
	       d->open_port != CONF_OPEN_NO;
}

/**
 * conf_add_directive() - ask for something as if the conf said so
 * @conf:	filled by conf_parse(), not yet by conf_parse_device()
 * @key:	"Forward", ...
 * @value:	its value, "" for yes
 *
 * For options of the command line; mistakes in it are reported with line 0.
 *
 * Return: 0 or -ENOMEM.
 */
int conf_add_directive(struct conf *conf, const char *key, const char *value)
	__attribute__((warn_unused_result));

/** conf_done() - wipe and release */
void conf_done(struct conf *conf);

/**
 * conf_print_strip() - print what `strip` prints: the passthrough and one LF
 * @conf:	filled by conf_parse()
 * @out:	receives the text (contract ST-1)
 */
void conf_print_strip(const struct conf *conf, struct buf *out);

/**
 * struct conf_live - what `save` writes in place of what the file says
 * @addresses:	addresses of the device in the kernel's order
 * @n_addresses: their number
 * @dns:	name servers that the DNS manager holds for the interface
 * @n_dns:	their number
 * @mtu:	MTU of the link, written only if the conf had one
 * @device:	the device as read back
 */
struct conf_live {
	const struct addr *addresses;
	size_t n_addresses;
	const char *const *dns;
	size_t n_dns;
	unsigned int mtu;
	const struct wg_device *device;
};

/**
 * conf_print_save() - print what `save` writes (contract SV-2)
 * @conf:	filled by conf_parse()
 * @live:	state of the interface
 * @out:	receives the text; it holds keys
 *
 * `&` and the like in hooks are kept as they are (SV-6 is not reproduced), and
 * so are directives of our own, which to wg-quick are comments that it drops.
 */
void conf_print_save(const struct conf *conf, const struct conf_live *live,
		     struct buf *out);

/**
 * conf_print_device() - print a device as `wg showconf` does (SC-1)
 * @dev:	device as read back
 * @out:	receives the text; it holds keys
 */
void conf_print_device(const struct wg_device *dev, struct buf *out);

/**
 * conf_parse_table() - a number or name of a routing table (TBL-1)
 * @text:	text of Table
 * @names:	content of the rt_tables files, one after the other, NULL for
 *		none; comments start with `#`
 * @ret_table:	table number
 *
 * Numbers follow C's base prefixes.  Built in are default, main, local and
 * unspec; names of @names that say otherwise win, as they do in iproute2.
 *
 * Return: whether @text is a table.
 */
bool conf_parse_table(const char *text, const char *names,
		      unsigned int *ret_table);

/**
 * conf_parse_address() - an address as `ip address add` takes it
 * (ADDR-1, ADDR-2)
 *
 * Return: whether @s is one.
 */
bool conf_parse_address(const char *s, struct addr *ret_addr);

/**
 * conf_parse_path() - interface name of a conf's path (PATH-4)
 * @path:	path, already rewritten by PATH-1
 * @ifname:	receives the name
 *
 * Return: whether the path ends in NAME.conf with a valid name.
 */
bool conf_parse_path(const char *path, char ifname[IF_NAMESIZE]);

/** conf_is_name() - is the argument as a whole a name by PATH-1? */
bool conf_is_name(const char *arg);

#endif
