// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"

#define CONF_ARG "CONFIG_FILE | INTERFACE"

static const struct verb_option up_options[] = {
	{ "forward", VALUE_OPTIONAL, "IF,...",
	  "accept forwarded traffic, and turn forwarding on",
	  offsetof(struct wgq_opts, forward) },
	{ "masquerade", VALUE_OPTIONAL, "IF,...",
	  "masquerade what leaves by these interfaces",
	  offsetof(struct wgq_opts, masquerade) },
	{ "open-port", VALUE_REQUIRED, "peers|any",
	  "accept what comes to ListenPort, from peers or anybody",
	  offsetof(struct wgq_opts, open_port) },
	{ "hooks", VALUE_REQUIRED, "all|native|none", "which hooks run",
	  offsetof(struct wgq_opts, hooks) },
	{ "literal", VALUE_NONE, NULL,
	  "let the rules of hooks stand where they say",
	  offsetof(struct wgq_opts, literal) },
	{ 0 },
};

static const struct verb_option explain_options[] = {
	{ "in", VALUE_REQUIRED, "IF", "interface that packets come in by",
	  offsetof(struct wgq_opts, explain.in) },
	{ "out", VALUE_REQUIRED, "IF", "interface that they go out by",
	  offsetof(struct wgq_opts, explain.out) },
	{ "src", VALUE_REQUIRED, "ADDRESS", "their source",
	  offsetof(struct wgq_opts, explain.src) },
	{ "dst", VALUE_REQUIRED, "ADDRESS", "their destination",
	  offsetof(struct wgq_opts, explain.dst) },
	{ "proto", VALUE_REQUIRED, "PROTOCOL",
	  "their protocol: tcp, udp, icmp or a number",
	  offsetof(struct wgq_opts, explain.proto) },
	{ "port", VALUE_REQUIRED, "NUMBER", "their destination port",
	  offsetof(struct wgq_opts, explain.port) },
	{ "reply", VALUE_NONE, NULL, "they are replies, not new connections",
	  offsetof(struct wgq_opts, explain.reply) },
	{ "local", VALUE_NONE, NULL,
	  "they are for this host, and not forwarded",
	  offsetof(struct wgq_opts, explain.local) },
	{ "json", VALUE_NONE, NULL, "answer in JSON",
	  offsetof(struct wgq_opts, json) },
	{ 0 },
};

static const struct verb_option down_options[] = {
	{ "hooks", VALUE_REQUIRED, "all|none", "which hooks run",
	  offsetof(struct wgq_opts, hooks) },
	{ 0 },
};

static const struct verb_option hooks_options[] = {
	{ "json", VALUE_NONE, NULL, "answer in JSON",
	  offsetof(struct wgq_opts, json) },
	{ "tsv", VALUE_NONE, NULL,
	  "judge lines `ID TAB KIND TAB HOOK' of standard input",
	  offsetof(struct wgq_opts, tsv) },
	{ 0 },
};

const struct verb verbs[] = {
	{ "up", CONF_ARG, "bring an interface up", cmd_up, true, false,
	  up_options },
	{ "down", CONF_ARG, "take an interface down", cmd_down, true, false,
	  down_options },
	{ "save", CONF_ARG, "write the live state into the conf", cmd_save,
	  true, false, NULL },
	{ "strip", CONF_ARG, "print the conf as wg(8) reads it", cmd_strip,
	  true, false, NULL },
	{ "hooks", CONF_ARG, "tell how each hook of a conf will run", cmd_hooks,
	  false, true, hooks_options },
	{ "explain", "[" CONF_ARG "]",
	  "tell which firewall rules let a flow through or refuse it",
	  cmd_explain, false, true, explain_options },
	{ 0 },
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	if (!stop_signal)
		stop_signal = sig;
}

/*
 * No SA_RESTART: whatever waits is to notice.  A signal that is ignored when
 * we start, as under nohup, stays ignored.  SIGPIPE must not kill a run half
 * way because nobody reads its trace any more.
 */
static void catch_signals(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal }, old;
	size_t i;

	sigemptyset(&sa.sa_mask);
	for (i = 0; i < ARRAY_SIZE(stops); i++)
		if (!sigaction(stops[i], &sa, &old) &&
		    old.sa_handler == SIG_IGN)
			sigaction(stops[i], &old, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

/*
 * A socket that landed on descriptor 2 would get the trace.  In rising order,
 * open() fills the very one that was found closed.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return;
}

static void print_message(void *ctx, const char *text, size_t len)
{
	ssize_t n;

	(void)ctx;
	while (len) {
		n = write(STDERR_FILENO, text, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static void wg_quick_usage(const char *program)
{
	fprintf(stderr,
		"Usage: %s [ up | down | save | strip ]"
		" [ CONFIG_FILE | INTERFACE ]\n"
		"\n"
		"  INTERFACE stands for /etc/wireguard/INTERFACE.conf;"
		" CONFIG_FILE is a path that\n"
		"  ends in INTERFACE.conf.  Besides the keys that wg(8) reads,"
		" the [Interface]\n"
		"  section takes these:\n"
		"\n"
		"  - Address: addresses of the interface, each with an optional"
		" prefix length.\n"
		"  - DNS: name servers and search domains while it is up.\n"
		"  - MTU: its MTU; found out from the routes to the endpoints"
		" if not given.\n"
		"  - Table: routing table for the routes; `auto' as if not"
		" given, `off' for none.\n"
		"  - PreUp, PostUp, PreDown, PostDown: commands for bash(1);"
		" `%%i' is INTERFACE.\n"
		"  - SaveConfig: `true' to save the state of the interface"
		" when it goes down.\n"
		"\n"
		"See wg-quick(8) for more.\n",
		program);
}

static void usage(FILE *f, const char *program)
{
	const struct verb *v;

	fprintf(f, "Usage: %s VERB [OPTION...] %s\n\n", program, CONF_ARG);
	for (v = verbs; v->name; v++)
		fprintf(f, "  %-7s %s\n", v->name, v->summary);
	fprintf(f,
		"\n"
		"INTERFACE stands for /etc/wireguard/INTERFACE.conf;"
		" CONFIG_FILE is a path that\n"
		"ends in INTERFACE.conf, such as ./wg0.conf."
		"  `%s VERB --help' tells of\n"
		"one verb, `%s --version' the version.  See wgq(8) for more.\n",
		program, program);
}

static const struct verb *find_verb(const char *name)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		if (!strcmp(name, v->name))
			return v;
	return NULL;
}

static void print_option(const struct verb_option *opt)
{
	char text[64];

	switch (opt->value) {
	case VALUE_NONE:
		snprintf(text, sizeof(text), "--%s", opt->name);
		break;
	case VALUE_OPTIONAL:
		snprintf(text, sizeof(text), "--%s[=%s]", opt->name,
			 opt->value_name);
		break;
	case VALUE_REQUIRED:
		snprintf(text, sizeof(text), "--%s=%s", opt->name,
			 opt->value_name);
		break;
	}
	printf("  %-23s %s\n", text, opt->summary);
}

static void verb_usage(const char *program, const struct verb *v)
{
	const struct verb_option *opt;

	printf("Usage: %s %s %s%s\n\nTo %s.\n", program, v->name,
	       v->options ? "[OPTION...] " : "", v->args, v->summary);
	if (v->options)
		putchar('\n');
	for (opt = v->options; opt && opt->name; opt++)
		print_option(opt);
}

static const struct verb_option *find_option(const struct verb *v,
					     const char *word, size_t len)
{
	const struct verb_option *opt;

	for (opt = v->options; opt && opt->name; opt++)
		if (strlen(opt->name) == len && !strncmp(opt->name, word, len))
			return opt;
	return NULL;
}

static bool refuse(const struct wgq_opts *o, const struct verb *v,
		   const char *why, const char *word)
{
	fprintf(stderr, "%s: %s: %s `%s'\n", o->program, v->name, why, word);
	return false;
}

/* Take the option at argv[*i]; *i ends at its last word. */
static bool take_option(struct wgq_opts *o, const struct verb *v, int argc,
			char **argv, int *i)
{
	const char *word = argv[*i], *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	const struct verb_option *opt = NULL;

	if (word[1] == '-')
		opt = find_option(v, word + 2, len - 2);
	if (!opt)
		return refuse(o, v, "there is no option", word);
	if (opt->value == VALUE_NONE) {
		*(bool *)((char *)o + opt->offset) = true;
		return !value ||
		       refuse(o, v, "there is no value to the option", word);
	}
	if (value)
		value++;
	else if (opt->value == VALUE_OPTIONAL)
		value = "";
	else if (*i + 1 < argc)
		value = argv[++*i];
	else
		return refuse(o, v, "a value is missing after", word);
	*(const char **)((char *)o + opt->offset) = value;
	return true;
}

bool cmd_target(struct wgq_opts *o, const char *verb, int argc, char **argv,
		int *ret_status)
{
	const struct verb *v = find_verb(verb);
	bool options = !o->as_wg_quick;
	int i, n = 0;

	*ret_status = 1;
	for (i = 1; i < argc; i++) {
		if (!options || argv[i][0] != '-') {
			o->target = argv[i];
			n++;
		} else if (!strcmp(argv[i], "--")) {
			options = false;
		} else if (!strcmp(argv[i], "--help") ||
			   !strcmp(argv[i], "-h")) {
			verb_usage(o->program, v);
			*ret_status = 0;
			return false;
		} else if (!take_option(o, v, argc, argv, &i)) {
			return false;
		}
	}
	if (n == 1 || (!n && v->no_target))
		return true;
	fprintf(stderr, "%s: %s: want one %s\n", o->program, verb, v->args);
	return false;
}

int cmd_end(const struct wgq_opts *o, int ret, const struct wgq_err *e)
{
	int sig = *o->stop;

	if (!ret)
		return 0;
	dprintf(STDERR_FILENO, "%s: %s\n", o->program, e->msg);
	if (ret == -EINTR && sig) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	return e->status ? e->status : 1;
}

/* SU-1: wg-quick starts itself again through sudo. */
static int exec_sudo(const char *program, int argc, char **argv)
{
	cleanup(free_ptr) char **words = NULL;
	cleanup(free_ptr) char *self = NULL;
	char prompt[256];
	int i, n = 0;

	self = realpath("/proc/self/exe", NULL);
	words = calloc((size_t)argc + 8, sizeof(*words));
	if (!words)
		return 1;
	snprintf(prompt, sizeof(prompt),
		 "%s must be run as root. Please enter the password for %%u to"
		 " continue: ",
		 program);
	words[n++] = (char *)"sudo";
	words[n++] = (char *)"-p";
	words[n++] = prompt;
	words[n++] = (char *)"--";
	/* By the name it was called by, so that it is wg-quick again. */
	words[n++] = strchr(argv[0], '/') || !self ? argv[0] : self;
	for (i = 1; i < argc; i++)
		words[n++] = argv[i];
	execvp("sudo", words);
	dprintf(STDERR_FILENO, "%s: sudo: %s\n", program,
		errno == ENOENT ? "not found" : strerror(errno));
	return 127;
}

static int run_as_wg_quick(struct wgq_opts *o, int argc, char **argv)
{
	const struct verb *v;

	if (argc == 2 && (!strcmp(argv[1], "--help") ||
			  !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		wg_quick_usage(o->program);
		return 0;
	}
	v = argc == 3 ? find_verb(argv[1]) : NULL;
	if (!v || !v->wg_quick) {
		wg_quick_usage(o->program);
		return 1;
	}
	if (getuid())
		return exec_sudo(o->program, argc, argv);
	return v->run(o, argc - 1, argv + 1);
}

static int run_as_wgq(struct wgq_opts *o, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const struct verb *v;

	if (!word) {
		usage(stderr, o->program);
		return 1;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") ||
	    !strcmp(word, "help")) {
		usage(stdout, o->program);
		return 0;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "version")) {
		printf("wgq %s\n", WGQ_VERSION);
		return 0;
	}
	v = find_verb(word);
	if (!v) {
		fprintf(stderr, "%s: there is no verb `%s'\n\n", o->program,
			word);
		usage(stderr, o->program);
		return 1;
	}
	return v->run(o, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	struct wgq_opts o = {
		.program = slash  ? slash + 1
			   : argc ? argv[0]
				  : "wgq",
		.env = (const char *const *)environ,
		.stop = &stop_signal,
		.message = print_message,
	};

	fill_standard_descriptors();
	/* Private keys pass through our memory: it is not to be dumped. */
	prctl(PR_SET_DUMPABLE, 0);
	catch_signals();
	o.as_wg_quick = !strcmp(o.program, "wg-quick");
	return o.as_wg_quick ? run_as_wg_quick(&o, argc, argv)
			     : run_as_wgq(&o, argc, argv);
}
