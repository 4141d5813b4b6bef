#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
limit-element TABLE SET ADDRESS: gives an element of an IPv4 set a limit, with which it
matches nothing. nft refuses to where the set has none; the kernel does not.
"""
import socket
import struct
import sys

NEWSETELEM, DELSETELEM = 10 << 8 | 12, 10 << 8 | 14
BATCH_BEGIN, BATCH_END = 16, 17


def attr(kind, data, nested=True):
    return struct.pack("HH", 4 + len(data), kind | nested << 15) + data + b"\0" * (-len(data) % 4)


def message(kind, family, res, attrs=b""):
    body = struct.pack("BBH", family, 0, socket.htons(res)) + attrs
    # REQUEST, CREATE, ACK
    return struct.pack("IHHII", 16 + len(body), kind, 0x405 if res == 0 else 1, 1, 0) + body


def elements(element):
    return (attr(1, table, False) + attr(2, name, False) + attr(3, attr(1, element)))


table, name = (s.encode() + b"\0" for s in sys.argv[1:3])
key = attr(1, attr(1, socket.inet_aton(sys.argv[3]), False))
# rate over 1000000/second, burst 1000000
limit = b"".join(attr(i + 1, struct.pack(">" + kind, n), False)
                 for i, (kind, n) in enumerate([("Q", 1000000), ("Q", 1), ("I", 1000000), ("I", 0),
                                                ("I", 1)]))
expression = attr(7, attr(1, b"limit\0", False) + attr(2, limit))
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
s.send(message(BATCH_BEGIN, 0, 10) + message(DELSETELEM, 1, 0, elements(key)) +
       message(NEWSETELEM, 1, 0, elements(key + expression)) + message(BATCH_END, 0, 10))
s.setblocking(False)
try:
    answer = s.recv(65536)
    while answer:
        size, kind = struct.unpack("IH", answer[:6])
        if kind == 2 and struct.unpack("i", answer[16:20])[0]:
            sys.exit("errno %d" % -struct.unpack("i", answer[16:20])[0])
        answer = answer[size + 3 & ~3:]
except BlockingIOError:
    pass
