// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: what the static program has in place of the C library's
 *
 * Functions of glibc that libraries refer to but that hardly or never run here,
 * and which bring much along: wide character output to report a failed
 * assertion, name service start-up to make a thread, five versions of one
 * comparison.  Together they are 90 KB of a static binary.  Tests, which are
 * not static, have the library's own.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *s)
{
	ssize_t n = write(STDERR_FILENO, s, strlen(s));

	(void)n;
}

void __assert_fail(const char *assertion, const char *file, unsigned int line,
		   const char *function)
{
	(void)line;
	say("wgq: ");
	say(file);
	say(": ");
	say(function);
	say(": does not hold: ");
	say(assertion);
	say("\n");
	abort();
}

/* There is one thread: c-ares makes one only where it is asked to. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	(void)thread;
	(void)attr;
	(void)start;
	(void)arg;
	return EAGAIN;
}

static int lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

/* As in the C locale, which is the only one here. */
int strncasecmp(const char *a, const char *b, size_t n)
{
	int d = 0;

	for (; n && !d; a++, b++, n--) {
		d = lower((unsigned char)*a) - lower((unsigned char)*b);
		if (!*a)
			break;
	}
	return d;
}
