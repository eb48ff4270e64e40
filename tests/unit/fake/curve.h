/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WGQ_TESTS_FAKE_CURVE_H
#define WGQ_TESTS_FAKE_CURVE_H

#include "base/key.h"

/**
 * key_public() - derive the Curve25519 public key of a private one
 *
 * wgq has the kernel do that; what stands in for the kernel needs it.
 */
void key_public(uint8_t pub[KEY_LEN], const uint8_t priv[KEY_LEN]);

#endif
