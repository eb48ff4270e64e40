// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

/*
 * c-ares asks the C library for service names.  Those of glibc load shared NSS
 * modules at run time, even in a static program, so the link takes these in
 * their place.  They know no name: services_port() reads /etc/services, and
 * c-ares is given numeric ports alone, so that it never gets here.
 */

struct servent *getservbyname(const char *name, const char *proto)
{
	(void)name;
	(void)proto;
	return NULL;
}

struct servent *getservbyport(int port, const char *proto)
{
	(void)port;
	(void)proto;
	return NULL;
}

int getservbyname_r(const char *name, const char *proto, struct servent *result,
		    char *buf, size_t len, struct servent **ret)
{
	(void)name;
	(void)proto;
	(void)result;
	(void)buf;
	(void)len;
	*ret = NULL;
	return ENOENT;
}

int getservbyport_r(int port, const char *proto, struct servent *result,
		    char *buf, size_t len, struct servent **ret)
{
	(void)port;
	(void)proto;
	(void)result;
	(void)buf;
	(void)len;
	*ret = NULL;
	return ENOENT;
}
