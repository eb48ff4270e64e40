// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib_conf.h"

/* A device in a line or two, host parts as they were written. */
static void show(struct buf *b, const struct wg_device *d)
{
	char key[KEY_BASE64_LEN], text[ADDR_STRLEN];
	const struct wg_allowed_ip *ip;
	const struct wg_peer *p;
	size_t i, j;

	key_print_base64(key, d->private_key);
	if (d->has_private_key)
		buf_addf(b, "key %.4s ", key);
	if (d->has_listen_port)
		buf_addf(b, "port %s/%u@%u ",
			 d->listen_port_name ? d->listen_port_name : "",
			 d->listen_port, d->listen_port_line);
	if (d->has_fwmark)
		buf_addf(b, "mark %u ", d->fwmark);
	for (i = 0; i < d->n_peers; i++) {
		p = &d->peers[i];
		key_print_base64(key, p->public_key);
		buf_addf(b, "peer@%u %.4s ", p->line, key);
		key_print_base64(key, p->preshared_key);
		if (p->has_preshared_key)
			buf_addf(b, "psk %.4s ", key);
		if (p->host)
			buf_addf(b, "ep@%u <%s> <%s> ", p->endpoint_line,
				 p->host, p->port);
		if (p->has_keepalive)
			buf_addf(b, "ka %u ", p->keepalive);
		buf_addf(b, "ips@%u%s ", p->allowed_line,
			 p->replace_allowed_ips ? "=" : "+");
		for (j = 0; j < p->n_allowed_ips; j++) {
			ip = &p->allowed_ips[j];
			buf_addf(b, "%s%s ", ip->remove ? "-" : "",
				 addr_print(&ip->addr, text));
		}
	}
}

#define I "[Interface]\n"
#define PA PEER(PUB_A)
#define PB PEER(KEY_B)
#define BAD "Key is not the correct length or format: `"
#define BAD_PRIVATE BAD "PrivateKey=(hidden)'"
#define BAD_PUBLIC BAD "PublicKey=(hidden)'"
#define LINE "Line unrecognized: `"

static const struct {
	const char *clause, *in, *out, *findings;
} cases[] = {
	{ "WG-2 blanks anywhere, comments",
	  "[I n t e r f a c e ] # c\nListen\tPort\v=\f5\r1 # 2\n"
	  "[P e e r]\nPublic Key = " PUB_A "\n"
	  "AllowedIPs = 10.0.0.0 /8 , 10.1.0.0 / 16\n",
	  "port /51@2 peer@3 HIgo ips@5= 10.0.0.0/8 10.1.0.0/16 ", "" },
	{ "WG-2 a key broken by blanks",
	  I "PrivateKey = y AnzNTF+lXXJte14tji3zlMN\tq+hd2rYUIgJBgB3fBmk=\n",
	  "key yAnz ", "" },
	{ "WG-3 every [Peer] is a new one", PA "[PEER]\npublickey=" KEY_B "\n",
	  "peer@1 HIgo ips@0= peer@3 xTIB ips@0= ", "" },
	{ "WG-4 an empty value is none", PA "AllowedIPs =\n", NULL,
	  "E3/1 " LINE "AllowedIPs=': leave the line out for none\n" },
	{ "WG-4 empty key", I "PrivateKey =\nListenPort\n", NULL,
	  "E2/1 " LINE "PrivateKey=': it has no value\n"
	  "E3/1 " LINE "ListenPort': it has no value\n" },
	{ "WG-5 before any section", "ListenPort=5\n", NULL,
	  "E1/1 " LINE "ListenPort=5': it is before any section, ListenPort "
	  "belongs in [Interface]\n" },
	{ "WG-5 unknown key, KEY-4", I "Adress = x\nFoo\n", NULL,
	  "E2/1 " LINE "Adress=x': did you mean Address?\n"
	  "E3/1 " LINE "Foo'\n" },
	{ "WG-5 key of the other section",
	  I "PublicKey = " PUB_A "\n" PA "ListenPort = 5\n", NULL,
	  "E2/1 " LINE "PublicKey=(hidden)': PublicKey belongs in [Peer]\n"
	  "E5/1 " LINE "ListenPort=5': ListenPort belongs in [Interface]\n" },
	{ "SEC-5 wg-quick's key outside Interface",
	  "Address=1.2.3.4\n" PA "DNS=1.1.1.1\n", NULL,
	  "E1/1 " LINE "Address=1.2.3.4': it is before any section, Address "
	  "belongs in [Interface]\n"
	  "E4/1 " LINE "DNS=1.1.1.1': DNS belongs in [Interface]\n" },
	{ "WG-7 no public key, after all lines",
	  "[Peer]\n[Peer]\nFoo\nAllowedIPs=10.0.0.1\n", NULL,
	  "E3/1 " LINE "Foo'\nE1/1 A peer is missing a public key\n"
	  "E2/1 A peer is missing a public key\n" },
	{ "WG-7 a bad one is not missing", "[Peer]\nPublicKey=x\n", NULL,
	  "E2/1 " BAD_PUBLIC ": 1 characters, 44 are needed\n" },
	{ "WG-8 last scalar wins, AllowedIPs add up",
	  I "ListenPort=1\nFwMark=1\nListenPort=2\nFwMark=off\n" PA
	    "Endpoint=a:1\nEndpoint=b:2\nPersistentKeepalive=1\n"
	    "PersistentKeepalive=off\nAllowedIPs=10.0.0.1\nPublicKey=" KEY_B
	    "\nAllowedIPs=fd00::1\n",
	  "port /2@4 mark 0 peer@6 xTIB ep@9 <b> <2> ka 0 "
	  "ips@12= 10.0.0.1/32 fd00::1/128 ",
	  "" },
	{ "WG-9 sections merge", I PA I "ListenPort=5\n" I "FwMark=7\n",
	  "port /5@5 mark 7 peer@2 HIgo ips@0= ", "" },
	{ "WG-9 empty file", "", "", "" },
	{ "WG-9 comments and blanks alone", "# x\n \r\n\v\n", "", "" },
	{ "LINE-8 CRLF",
	  "[Interface]\r\nListenPort = 5\r\n[Peer]\r\n"
	  "PublicKey = " PUB_A "\r\n",
	  "port /5@2 peer@3 HIgo ips@0= ", "" },
	{ "LINE-9 BOM: the lines under it are not to blame",
	  "\xef\xbb\xbf" I "Address=10.0.0.1/24\nListenPort=x_\nFwMark=y\n"
	  "Foo\n",
	  NULL,
	  "E1/1 " LINE "\\xef\\xbb\\xbf[Interface]': a byte order mark is "
	  "before it: save the file without one\n"
	  "E4/1 Fwmark is neither 0/off nor 0-0xffffffff: `y'\n"
	  "E5/1 " LINE "Foo'\n" },
	{ "LINE-9 UTF-16", "\xff\xfe[\n", NULL,
	  "E1/1 " LINE
	  "\\xff\\xfe[': this is UTF-16: save the file as UTF-8\n" },
	{ "LINE-10 ;", "; x\n// y\n", NULL,
	  "E1/1 " LINE ";x': comments start with `#'\n"
	  "E2/1 " LINE "//y': comments start with `#'\n" },
	{ "SEC-1 [ Interface ] is wg's alone, said once",
	  "[ Interface ]\nAddress=10.0.0.1/24\nDNS=1.1.1.1\nListenPort=5\n",
	  NULL,
	  "E2/1 " LINE "Address=10.0.0.1/24': wg-quick knows a section only "
	  "as [Interface], see line 1\n" },
	{ "SEC-1 [ Interface ] without such keys is fine",
	  "[ Interface ]\nListenPort=5\n", "port /5@2 ", "" },
	{ "SEC-2 [Interface]=x", "[Interface]=x\nMTU=1400\nListenPort=5\n",
	  NULL,
	  "E1/1 " LINE "[Interface]=x': nothing may follow [Interface] on its "
	  "line\n" },
	{ "SEC-2 [Interface] junk", "[Interface] junk\nMTU=1400\n", NULL,
	  "E1/1 " LINE "[Interface]junk': nothing may follow [Interface] on "
	  "its line\n" },
	{ "headers misspelt",
	  "[Inteface]\nMTU=1\nFwMark=x\n[Peers]\nFoo\n[Bar]\nFoo\nPeer]\n"
	  "PublicKey=x\n",
	  NULL,
	  "E1/1 " LINE "[Inteface]': did you mean [Interface]?\n"
	  "E3/1 Fwmark is neither 0/off nor 0-0xffffffff: `x'\n"
	  "E4/1 " LINE "[Peers]': did you mean [Peer]?\n"
	  "E5/1 " LINE "Foo'\n"
	  "E6/1 " LINE "[Bar]': the sections are [Interface] and [Peer]\n"
	  "E8/1 " LINE "Peer]': did you mean [Peer]?\n"
	  "E9/1 " BAD_PUBLIC ": 1 characters, 44 are needed\n" },
	{ "blanks in wg-quick's keys", I "Post Up = a\n", NULL,
	  "E2/1 " LINE "PostUp=a': wg-quick knows PostUp only without blanks "
	  "in it\n" },
	{ "no =", I "ListenPort 5\nAllowedIPs: 10.0.0.1\n", NULL,
	  "E2/1 " LINE "ListenPort5': there is no `=' after ListenPort\n"
	  "E3/1 " LINE "AllowedIPs:10.0.0.1': there is no `=' after "
	  "AllowedIPs\n" },
	{ "near misses",
	  PA "AllowedIP=1\nAllowed-IPs=1\nKeepalive=1\nEndPiont=1\n"
	     "PublcKey=x\nPersistentKeepaliveInterval=1\n" I
	     "Addresses=1\nIPAddress=1\nMTA=1\nPort=1\nXyzzy=1\n",
	  NULL,
	  "E3/1 " LINE "AllowedIP=1': did you mean AllowedIPs?\n"
	  "E4/1 " LINE "Allowed-IPs=1': did you mean AllowedIPs?\n"
	  "E5/1 " LINE "Keepalive=1': did you mean PersistentKeepalive?\n"
	  "E6/1 " LINE "EndPiont=1': did you mean Endpoint?\n"
	  "E7/1 " LINE "PublcKey=(hidden)': did you mean PublicKey?\n"
	  "E8/1 " LINE "PersistentKeepaliveInterval=1': did you mean "
	  "PersistentKeepalive?\n"
	  "E10/1 " LINE "Addresses=1': did you mean Address?\n"
	  "E11/1 " LINE "IPAddress=1': did you mean Address?\n"
	  "E12/1 " LINE "MTA=1': did you mean MTU?\n"
	  "E13/1 " LINE "Port=1': did you mean ListenPort?\n"
	  "E14/1 " LINE "Xyzzy=1'\n" },
	{ "KEYS-1 ok", I "PrivateKey=" KEY_A "\n" PB "PresharedKey=" KEY_C "\n",
	  "key yAnz peer@3 xTIB psk TrMv ips@0= ", "" },
	{ "KEYS-1 all-zero keys are legal",
	  I "PrivateKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" PA
	    "PresharedKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
	  "key AAAA peer@3 HIgo psk AAAA ips@0= ", "" },
	{ "KEYS-1 low bits, length, alphabet",
	  I "PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=\n"
	    "PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmn=\n"
	    "PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk\n"
	    "PrivateKey=AyAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
	    "PrivateKey=yAnz5TF-lXXJte14tji3zlMNq-hd2rYUIgJBgB3fBmk=\n"
	    "PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmkA\n"
	    "PrivateKey=yAnz5TF!lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
	    "PrivateKey=\"yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\"\n"
	    "PrivateKey=c809f3e5317e9575c9b5ed78b638b7ce530dabe85ddab61422"
	    "0241801ddf0669\n",
	  NULL,
	  "E2/1 " BAD_PRIVATE ": no key ends so, it is mistyped or "
	  "cut\n"
	  "E3/1 " BAD_PRIVATE ": no key ends so, it is mistyped or "
	  "cut\n"
	  "E4/1 " BAD_PRIVATE ": 43 characters, one too short: the "
	  "`=' at its end is missing\n"
	  "E5/1 " BAD_PRIVATE ": 45 characters, one too long\n"
	  "E6/1 " BAD_PRIVATE ": it is URL-safe base64, with - and "
	  "_ for + and /\n"
	  "E7/1 " BAD_PRIVATE ": the `=' at its end is missing\n"
	  "E8/1 " BAD_PRIVATE ": it has a character that is not "
	  "base64\n"
	  "E9/1 " BAD_PRIVATE ": leave the quotes out\n"
	  "E10/1 " BAD_PRIVATE ": it is hexadecimal, wg wants "
	  "base64\n" },
	{ "EP-1 unbracketed, last colon",
	  PA "Endpoint=::1:5\n" PB "Endpoint=fe80::1%lo:5\n",
	  "peer@1 HIgo ep@3 <::1> <5> ips@0= "
	  "peer@4 xTIB ep@6 <fe80::1%lo> <5> ips@0= ",
	  "" },
	{ "EP-3 all that needs no resolving to be taken",
	  PA "Endpoint=[::1]:5\n" PA "Endpoint=[1.2.3.4]:70000\n" PA
	     "Endpoint=[fe80::1%lo]:ntp\n" PA "Endpoint=0x7f000001:+5\n",
	  "peer@1 HIgo ep@3 <::1> <5> ips@0= "
	  "peer@4 HIgo ep@6 <1.2.3.4> <70000> ips@0= "
	  "peer@7 HIgo ep@9 <fe80::1%lo> <ntp> ips@0= "
	  "peer@10 HIgo ep@12 <0x7f000001> <+5> ips@0= ",
	  NULL },
	{ "EP-4 no port",
	  PA "Endpoint=1.2.3.4\nEndpoint=1.2.3.4:\nEndpoint=[::1]\n"
	     "Endpoint=[::1]5\nEndpoint=[::1]:\nEndpoint=[a]b]:5\nEndpoint=::\n"
	     "Endpoint=my-very-long-server-name.example.net\n",
	  NULL,
	  "E3/1 Unable to find port of endpoint: `1.2.3.4'\n"
	  "E4/1 Unable to find port of endpoint: `1.2.3.4:'\n"
	  "E5/1 Unable to find port of endpoint: `[::1]'\n"
	  "E6/1 Unable to find port of endpoint: `[::1]5'\n"
	  "E7/1 Unable to find port of endpoint: `[::1]:'\n"
	  "E8/1 Unable to find port of endpoint: `[a]b]:5'\n"
	  "E9/1 Unable to find port of endpoint: `::'\n"
	  "E10/1 Unable to find port of endpoint: "
	  "`my-very-long-server-name.example.net'\n" },
	{ "EP-1 no brace", PA "Endpoint=[::1\nEndpoint=[\n", NULL,
	  "E3/1 Unable to find matching brace of endpoint: `[::1'\n"
	  "E4/1 Unable to find matching brace of endpoint: `['\n" },
	{ "EP-4 hosts that no resolver knows",
	  PA "Endpoint=:5\nEndpoint=[]:5\nEndpoint=2001:db8::1\n"
	     "Endpoint=1.2.3.4:5:6\n",
	  NULL,
	  "E3/1 Name or service not known: `:5'\n"
	  "E4/1 Name or service not known: `[]:5'\n"
	  "E5/1 Name or service not known: `2001:db8::1': an IPv6 endpoint is "
	  "written [address]:port\n"
	  "E6/1 Name or service not known: `1.2.3.4:5:6'\n" },
	{ "AIP-1 items are not empty",
	  PA "AllowedIPs=,\nAllowedIPs=10.0.0.1,\nAllowedIPs=/8\n", NULL,
	  "E3/1 Unable to parse IP address: `'\n"
	  "E3/1 Unable to parse IP address: `'\n"
	  "E4/1 Unable to parse IP address: `'\n"
	  "E5/1 Unable to parse IP address: `'\n" },
	{ "AIP-2 strict addresses",
	  PA "AllowedIPs=10.0.0/8,0/0,010.0.0.0,fe80::1%lo/64,++10.0.0.0/8,x\n",
	  NULL,
	  "E3/1 Unable to parse IP address: `10.0.0'\n"
	  "E3/1 Unable to parse IP address: `0'\n"
	  "E3/1 Unable to parse IP address: `010.0.0.0'\n"
	  "E3/1 Unable to parse IP address: `fe80::1%lo'\n"
	  "E3/1 Unable to parse IP address: `+10.0.0.0'\n"
	  "E3/1 Unable to parse IP address: `x'\n" },
	{ "AIP-3 masks",
	  PA "AllowedIPs=10.0.0.0/08,1.2.3.4,fd00::1,0.0.0.0/0,::/000,"
	     "10.0.0.0/0000000000000000000000000000008\n",
	  "peer@1 HIgo ips@3= 10.0.0.0/8 1.2.3.4/32 fd00::1/128 0.0.0.0/0 "
	  "::/0 10.0.0.0/8 ",
	  "" },
	{ "AIP-3 bad masks",
	  PA
	  "AllowedIPs=10.0.0.0/,10.0.0.0/33,-10.0.0.0/+8,"
	  "10.0.0.0/255.0.0.0,10.0.0.0/8/9,10.0.0.0/0x8,fd00::/129,"
	  "10.0.0.0/99999999999999999999,10.0.0.0/00000000000000000000000033\n",
	  NULL,
	  "E3/1 AllowedIP is not in the correct format: `10.0.0.0/'\n"
	  "E3/1 AllowedIP is not in the correct format: `10.0.0.0/33'\n"
	  "E3/1 AllowedIP is not in the correct format: `10.0.0.0/+8'\n"
	  "E3/1 AllowedIP is not in the correct format: "
	  "`10.0.0.0/255.0.0.0'\n"
	  "E3/1 AllowedIP is not in the correct format: `10.0.0.0/8/9'\n"
	  "E3/1 AllowedIP is not in the correct format: `10.0.0.0/0x8'\n"
	  "E3/1 AllowedIP is not in the correct format: `fd00::/129'\n"
	  "E3/1 AllowedIP is not in the correct format: "
	  "`10.0.0.0/99999999999999999999'\n"
	  "E3/1 AllowedIP is not in the correct format: "
	  "`10.0.0.0/00000000000000000000000033'\n" },
	{ "AIP-4 host bits are only warned about",
	  PA "AllowedIPs=10.0.0.1/08, +fd00::1/64\n",
	  "peer@1 HIgo ips@3+ 10.0.0.1/8 fd00::1/64 ",
	  "W3/0 AllowedIP has nonzero host part: 10.0.0.1/08\n"
	  "W3/0 AllowedIP has nonzero host part: fd00::1/64\n" },
	{ "AIP-5 + and - turn replacing off",
	  PA "AllowedIPs=10.0.0.1,-10.0.0.2,10.0.0.3\n",
	  "peer@1 HIgo ips@3+ 10.0.0.1/32 -10.0.0.2/32 10.0.0.3/32 ", "" },
	{ "AIP-5 the next line turns it on",
	  PA "AllowedIPs=+10.0.0.1\nAllowedIPs=10.0.0.2\n",
	  "peer@1 HIgo ips@3= 10.0.0.1/32 10.0.0.2/32 ", "" },
	{ "AIP-6 replacing without AllowedIPs", PA, "peer@1 HIgo ips@0= ", "" },
	{ "ListenPort", I "ListenPort=+5\n", "port /5@2 ", "" },
	{ "ListenPort decimal", I "ListenPort=010\n", "port /10@2 ", "" },
	{ "ListenPort 0", I "ListenPort=0\n", "port /0@2 ", "" },
	{ "ListenPort 65535", I "ListenPort=65535\n", "port /65535@2 ", "" },
	{ "ListenPort wraps", I "ListenPort=70000\n", "port /4464@2 ",
	  "W2/0 ListenPort 70000 is beyond 65535 and taken as 4464\n" },
	{ "ListenPort wraps to 0", I "ListenPort=65536\n", "port /0@2 ",
	  "W2/0 ListenPort 65536 is beyond 65535 and taken as 0\n" },
	{ "ListenPort wraps twice", I "ListenPort=4294967297\n", "port /1@2 ",
	  "W2/0 ListenPort 4294967297 is beyond 65535 and taken as 1\n" },
	{ "ListenPort service", I "ListenPort=ntp\n", "port ntp/0@2 ", "" },
	{ "ListenPort number after service", I "ListenPort=ntp\nListenPort=5\n",
	  "port /5@3 ", "" },
	{ "ListenPort service after number",
	  I "ListenPort=5\nListenPort=0x10\n", "port 0x10/0@3 ", "" },
	{ "ListenPort that is neither",
	  I "ListenPort=-1\nListenPort=18446744073709551616\n"
	    "ListenPort=2147483648\nListenPort=+-5\n",
	  NULL,
	  "E2/1 Servname not supported for ai_socktype: `-1': a port is a "
	  "number from 0 to 65535\n"
	  "E3/1 Servname not supported for ai_socktype: "
	  "`18446744073709551616': a port is a number from 0 to 65535\n"
	  "E4/1 Servname not supported for ai_socktype: `2147483648': a port "
	  "is a number from 0 to 65535\n"
	  "E5/1 Servname not supported for ai_socktype: `+-5': a port is a "
	  "number from 0 to 65535\n" },
	{ "FwMark off", I "FwMark=oFF\n", "mark 0 ", "" },
	{ "FwMark decimal", I "FwMark=010\n", "mark 10 ", "" },
	{ "FwMark hex", I "FwMark=0xfFffffff\n", "mark 4294967295 ", "" },
	{ "FwMark zeros", I "FwMark=0x00000000001\n", "mark 1 ", "" },
	{ "FwMark bad",
	  I "FwMark=0X10\nFwMark=0x\nFwMark=1a\nFwMark=-1\n"
	    "FwMark=4294967296\nFwMark=0x+5\nFwMark=0x0x1\nFwMark=+5\n"
	    "FwMark=18446744073709551616\n",
	  NULL,
	  "E2/1 Fwmark is neither 0/off nor 0-0xffffffff: `0X10'\n"
	  "E3/1 Fwmark is neither 0/off nor 0-0xffffffff: `0x'\n"
	  "E4/1 Fwmark is neither 0/off nor 0-0xffffffff: `1a'\n"
	  "E5/1 Fwmark is neither 0/off nor 0-0xffffffff: `-1'\n"
	  "E6/1 Fwmark is neither 0/off nor 0-0xffffffff: `4294967296'\n"
	  "E7/1 Fwmark is neither 0/off nor 0-0xffffffff: `0x+5'\n"
	  "E8/1 Fwmark is neither 0/off nor 0-0xffffffff: `0x0x1'\n"
	  "E9/1 Fwmark is neither 0/off nor 0-0xffffffff: `+5'\n"
	  "E10/1 Fwmark is neither 0/off nor 0-0xffffffff: "
	  "`18446744073709551616'\n" },
	{ "PersistentKeepalive",
	  PA "PersistentKeepalive=025\n" PB "PersistentKeepalive=OFF\n",
	  "peer@1 HIgo ka 25 ips@0= peer@4 xTIB ka 0 ips@0= ", "" },
	{ "PersistentKeepalive bad",
	  PA "PersistentKeepalive=65536\nPersistentKeepalive=-1\n"
	     "PersistentKeepalive=0x5\nPersistentKeepalive=5s\n",
	  NULL,
	  "E3/1 Persistent keepalive interval is neither 0/off nor 1-65535: "
	  "`65536'\n"
	  "E4/1 Persistent keepalive interval is neither 0/off nor 1-65535: "
	  "`-1'\n"
	  "E5/1 Persistent keepalive interval is neither 0/off nor 1-65535: "
	  "`0x5'\n"
	  "E6/1 Persistent keepalive interval is neither 0/off nor 1-65535: "
	  "`5s'\n" },
	{ "DUP-1 said",
	  PA "AllowedIPs=10.0.0.1\n" PB PA "AllowedIPs=+10.0.0.2\n" PA, NULL,
	  "W6/0 this peer has the public key of the peer in line 1\n"
	  "W9/0 this peer has the public key of the peer in line 1, whose "
	  "allowed IPs it replaces\n" },
	{ "KEYS-3 is the kernel's to find out", I "PrivateKey=" KEY_A "\n" PA,
	  "key yAnz peer@3 HIgo ips@0= ", "" },
	{ "KEYS-3 needs a private key",
	  I "PrivateKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" PEER(
		  "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q="),
	  "key AAAA peer@3 L+V9 ips@0= ", "" },
	{ "AIP-7 said to the one who loses",
	  PA "AllowedIPs=10.0.0.1/8,fd00::/64\n" PB "AllowedIPs=10.0.0.0/8,"
	     "10.1.0.0/16,10.1.2.0/16\n",
	  "peer@1 HIgo ips@3= 10.0.0.1/8 fd00::/64 "
	  "peer@4 xTIB ips@6= 10.0.0.0/8 10.1.0.0/16 10.1.2.0/16 ",
	  "W3/0 AllowedIP has nonzero host part: 10.0.0.1/8\n"
	  "W6/0 AllowedIP has nonzero host part: 10.1.2.0/16\n"
	  "W3/0 AllowedIP 10.0.0.0/8 goes to the peer in line 4, which lists "
	  "it too\n" },
};

static bool has_error(const char *findings)
{
	return findings && (findings[0] == 'E' || strstr(findings, "\nE"));
}

static void check_case(size_t i)
{
	cleanup(buf_done) struct buf b = { 0 };
	bool bad = has_error(cases[i].findings);
	struct loaded l;

	load(&l, cases[i].in);
	buf_adds(&b, "");
	show(&b, &l.conf.device);
	if (cases[i].findings && strcmp(l.findings.p, cases[i].findings) != 0)
		fail_msg("%s: says\n%s\nnot\n%s", cases[i].clause, l.findings.p,
			 cases[i].findings);
	if (cases[i].out && strcmp(b.p, cases[i].out) != 0)
		fail_msg("%s: is\n%s\nnot\n%s", cases[i].clause, b.p,
			 cases[i].out);
	if (l.device != (bad ? -EINVAL : 0))
		fail_msg("%s: returns %d", cases[i].clause, l.device);
	assert_string_equal(l.conf.device.name, "wg0");
	unload(&l);
}

static void check_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(i);
}

static void mistakes_come_in_one_go(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, I "Adress = 10.0.0.1/24\nMTU = x\nListenPort = -1\n"
		   "Address = 10.0.0.1/33\n" PA "AllowedIPs = 10.0.0/8\n"
		   "[Peer]\n");
	assert_int_equal(l.quick, 0);
	assert_int_equal(l.device, -EINVAL);
	assert_string_equal(
		l.findings.p,
		"E2/1 " LINE "Adress=10.0.0.1/24': did you mean Address?\n"
		"E4/1 Servname not supported for ai_socktype: `-1': a port is "
		"a number from 0 to 65535\n"
		"E8/1 Unable to parse IP address: `10.0.0'\n"
		"E9/1 A peer is missing a public key\n"
		"E5/1 inet prefix is expected rather than \"10.0.0.1/33\"\n"
		"E3/255 argument \"x\" is wrong: Invalid \"mtu\" value\n");
	unload(&l);
}

static void findings_name_lines_of_the_file(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, "# c\n\n" I "Address=10.0.0.1/24\nDNS=1.1.1.1\nPostUp=x\n"
		 "Foo\nMTU=1400\nBar\n");
	assert_string_equal(l.findings.p, "E7/1 " LINE "Foo'\n"
					  "E9/1 " LINE "Bar'\n");
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_cases),
		cmocka_unit_test(mistakes_come_in_one_go),
		cmocka_unit_test(findings_name_lines_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
