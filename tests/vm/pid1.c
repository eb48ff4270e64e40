// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: how it works
 *
 * pid1 [--tty] JOB is process 1 of the test VM once the root is mounted.  It
 * runs the shell script JOB, carries its output to the host, reports how it
 * ended and powers the machine off.
 *
 * The output goes through pipes and not straight to the virtio ports: a port
 * can be open once only, and a test that writes to /dev/stderr opens it again.
 * With --tty the job owns the console instead and nothing is carried.
 *
 * The host side of each port is a file with ioeventfd off, so that what is
 * written has reached the file when write() returns, and powering off loses
 * nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"
/* How long the pipes may stay open when every process has been killed. */
#define DRAIN_MS 5000

/**
 * struct stream - one of the job's outputs on its way to the host
 * @from: our end of the pipe, -1 once it is drained
 * @job:  the job's end
 * @port: the virtio port
 */
struct stream {
	int from;
	int job;
	int port;
};

static void off(void)
{
	sync();
	reboot(RB_POWER_OFF);
}

static void die(const char *what)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	dprintf(kmsg, "<2>pid1: %s: %s\n", what, strerror(errno));
	off();
	_exit(1);
}

static bool port_is(const char *port, const char *name)
{
	char path[300], got[64] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), PORTS "/%s/name", port);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, got, sizeof(got) - 1);
	close(fd);
	if (len <= 0)
		return false;
	got[strcspn(got, "\n")] = '\0';
	return !strcmp(got, name);
}

static int open_port(const char *name)
{
	DIR *dir = opendir(PORTS);
	struct dirent *ent;
	char path[300];
	int fd = -1;

	errno = ENOENT;
	while (dir && (ent = readdir(dir)) && fd < 0) {
		if (!port_is(ent->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", ent->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	if (fd < 0)
		die(name);
	return fd;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			die("write to the host");
		data += done;
		len -= (size_t)done;
	}
}

static struct stream open_stream(const char *name)
{
	struct stream s;
	int fd[2];

	s.port = open_port(name);
	if (pipe2(fd, O_CLOEXEC))
		die("pipe");
	s.from = fd[0];
	s.job = fd[1];
	return s;
}

static void pump(struct stream *s)
{
	static char buf[65536];
	ssize_t len = read(s->from, buf, sizeof(buf));

	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (len > 0) {
		write_all(s->port, buf, (size_t)len);
		return;
	}
	close(s->from);
	s->from = -1;
}

static pid_t start(const char *job, int in, int out, int err, bool tty)
{
	char *const argv[] = { (char *)"sh", (char *)job, NULL };
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (tty)
		ioctl(0, TIOCSCTTY, 0);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/bin/sh", argv);
	_exit(127);
}

/* Whether @job is among the dead; its exit status as a shell would say it. */
static bool reap(pid_t job, int *ret_status)
{
	bool found = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != job)
			continue;
		*ret_status = WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			*ret_status = 128 + WTERMSIG(status);
		found = true;
	}
	return found;
}

static int watch_children(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd");
	return fd;
}

/*
 * Carry what the job writes until it has ended and its pipes are empty.  What
 * it left running goes with it: such a process may hold a pipe open for ever.
 */
static int carry(pid_t job, struct stream *s, size_t n, int children)
{
	struct pollfd p[3] = { { .fd = children, .events = POLLIN } };
	struct signalfd_siginfo info;
	bool ended = false;
	int status = 0;

	for (;;) {
		bool open = false;

		for (size_t i = 0; i < n; i++) {
			p[1 + i].fd = s[i].from;
			p[1 + i].events = POLLIN;
			open |= s[i].from >= 0;
		}
		if (ended && !open)
			return status;
		if (!poll(p, 1 + n, ended ? DRAIN_MS : -1))
			return status;
		while (read(children, &info, sizeof(info)) > 0)
			;
		if (reap(job, &status)) {
			ended = true;
			kill(-1, SIGKILL);
		}
		for (size_t i = 0; i < n; i++) {
			if (s[i].from >= 0 && p[1 + i].revents)
				pump(&s[i]);
		}
	}
}

static void report(int port, const char *word, int value)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "%s %d\n", word, value);

	write_all(port, line, (size_t)len);
}

static int run_on_tty(const char *job, int children)
{
	int tty = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t pid;

	if (tty < 0)
		die("/dev/hvc0");
	pid = start(job, tty, tty, tty, true);
	close(tty);
	return carry(pid, NULL, 0, children);
}

static int run_with_streams(const char *job, int children)
{
	struct stream s[2] = { open_stream("wgq.out"), open_stream("wgq.err") };
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid = start(job, in, s[0].job, s[1].job, false);

	close(in);
	close(s[0].job);
	close(s[1].job);
	return carry(pid, s, 2, children);
}

int main(int argc, char **argv)
{
	bool tty = argc == 3 && !strcmp(argv[1], "--tty");
	int children = watch_children();
	int ctl = open_port("wgq.ctl");
	int status;

	if (argc != 2 && !tty)
		die("usage: pid1 [--tty] JOB");
	report(ctl, "up", 1);
	if (tty)
		status = run_on_tty(argv[2], children);
	else
		status = run_with_streams(argv[1], children);
	report(ctl, "exit", status);
	off();
	return 0;
}
