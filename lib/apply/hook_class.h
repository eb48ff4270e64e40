/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_APPLY_HOOK_CLASS_H
#define WGQ_APPLY_HOOK_CLASS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/** enum hook_way - how a hook line will run */
enum hook_way {
	HOOK_NATIVE,   /* all of it in the process */
	HOOK_EXECUTES, /* programs too, but no shell */
	HOOK_BY_SHELL, /* as a whole by bash or sh */
	HOOK_INVALID,  /* a shell would refuse it, too */
};

/**
 * struct hook_program - a program that a line executes
 * @name:	its name, NULL = computed
 * @needed:	without it the line fails for certain
 * @why:	why a command that is native otherwise is not; NULL = it never
 * is
 */
struct hook_program {
	const char *name;
	bool needed;
	const char *why;
};

/**
 * struct hook_class - what a line takes
 * @way:	how it will run
 * @why:	the reason, in words: "executes systemctl"; "" for a native one
 * @program:	programs that it executes, each once
 */
struct hook_class {
	enum hook_way way;
	const char *why;
	struct hook_program *program;
	size_t n_program, cap_program;
};

/**
 * hook_classify() - judge a line before it runs
 * @text:	line after `%i` was replaced
 * @a:		owns the result
 * @ret:	receives it
 *
 * Return: 0 or -ENOMEM.
 */
int hook_classify(const char *text, struct arena *a, struct hook_class *ret)
	__attribute__((warn_unused_result));

/** hook_way_name() - "native", "exec", "shell" or "invalid" */
const char *hook_way_name(enum hook_way way);

#endif
