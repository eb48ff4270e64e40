// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"

#define CONF_ARG "[CONFIG_FILE | INTERFACE]"

const struct verb verbs[] = {
	{ "up", CONF_ARG, "bring an interface up", cmd_up, true },
	{ "down", CONF_ARG, "take an interface down", cmd_down, true },
	{ "save", CONF_ARG, "write the live state into the conf", cmd_save,
	  true },
	{ "strip", CONF_ARG, "print the conf as wg(8) reads it", cmd_strip,
	  true },
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

/* A socket that landed on descriptor 2 would get the trace. */
static void fill_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd <= STDERR_FILENO) {
		/* One of the three was closed: hooks get this in its place. */
		fcntl(fd, F_SETFD, 0);
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0)
		close(fd);
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

	fprintf(f, "Usage: %s VERB %s\n\n", program, CONF_ARG);
	for (v = verbs; v->name; v++)
		fprintf(f, "  %-6s %s\n", v->name, v->summary);
	fprintf(f,
		"\n"
		"INTERFACE stands for /etc/wireguard/INTERFACE.conf;"
		" CONFIG_FILE is a path that\n"
		"ends in INTERFACE.conf, such as ./wg0.conf."
		"  `%s VERB --help' tells of one verb,\n"
		"`%s --version' the version.  See wgq(8) for more.\n",
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

bool cmd_target(struct wgq_opts *o, const char *verb, int argc, char **argv,
		int *ret_status)
{
	const struct verb *v = find_verb(verb);
	bool options = !o->as_wg_quick;
	int i = 1;

	if (options && i < argc &&
	    (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
		printf("Usage: %s %s %s\n\nTo %s.\n", o->program, verb, v->args,
		       v->summary);
		*ret_status = 0;
		return false;
	}
	if (options && i < argc && !strcmp(argv[i], "--")) {
		i++;
	} else if (options && i < argc && argv[i][0] == '-') {
		fprintf(stderr, "%s: %s: there is no option `%s'\n", o->program,
			verb, argv[i]);
		*ret_status = 1;
		return false;
	}
	if (argc != i + 1) {
		fprintf(stderr, "%s: %s: want one %s\n", o->program, verb,
			v->args);
		*ret_status = 1;
		return false;
	}
	o->target = argv[i];
	return true;
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
