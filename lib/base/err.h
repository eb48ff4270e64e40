/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_BASE_ERR_H
#define WGQ_BASE_ERR_H

/**
 * struct wgq_err - why a call failed, in words a person can act on
 * @code:	exact -errno of the first failure, 0 while there is none
 * @status:	exit status that wg-quick gives for this failure (contract
 *		EXIT-2); 0 stands for the usual 1
 * @msg:	text without a final newline; never key material
 *
 * Lives on the caller's stack, so that reporting cannot run out of memory.
 * The first failure wins: a later err_set() on a filled value changes nothing,
 * since what goes wrong while cleaning up is rarely what the user must know.
 */
struct wgq_err {
	int code;
	int status;
	char msg[512];
};

/**
 * err_set() - record a failure
 * @e:		error value, filled only if still empty
 * @code:	negative errno
 * @fmt:	printf format of the text
 *
 * Return: @code, so that a failing branch is one line.
 */
int err_set(struct wgq_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * err_sys() - record a failure and append the errno's text
 * @e:		error value, filled only if still empty
 * @code:	negative errno, whose strerror() text follows ": "
 * @fmt:	printf format of what was being done
 *
 * Return: @code.
 */
int err_sys(struct wgq_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * err_ctx() - put context before the text ("context: text")
 * @e:		filled error value; an empty one is left alone
 * @fmt:	printf format of the context
 *
 * Return: the code of @e.
 */
int err_ctx(struct wgq_err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * err_at() - say which line of a file asked for what failed
 * @e:		filled error value; an empty one is left alone
 * @file:	name as the user gave it
 * @line:	line number from 1; 0 prints the file alone
 *
 * Return: the code of @e.
 */
int err_at(struct wgq_err *e, const char *file, unsigned int line);

/**
 * err_status() - choose the exit status of a failure
 * @e:		filled error value
 * @status:	exit status, 1 to 255
 *
 * Return: the code of @e.
 */
int err_status(struct wgq_err *e, int status);

#endif
