// SPDX-License-Identifier: GPL-2.0-or-later
#include "curve.h"

#include <sodium/crypto_scalarmult_curve25519.h>

void key_public(uint8_t pub[KEY_LEN], const uint8_t priv[KEY_LEN])
{
	crypto_scalarmult_curve25519_base(pub, priv);
}
