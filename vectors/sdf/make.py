#!/usr/bin/env python3
"""Writes layout.json and convert.json: what the structures of GM/T 0018 look like in memory.

Knows nothing of the code that reads them. Run in this folder; the files are the same each time.
"""
import json
import hashlib


def layout(field):
    def struct(*fields, flexible=None):
        offsets, at = {}, 0
        for name, size in fields:
            offsets[name] = at
            at += size
        if flexible:
            offsets[flexible] = at
        return {"offsets": offsets, "size": at}
    return {
        "ECCrefPublicKey": struct(("bits", 4), ("x", field), ("y", field)),
        "ECCrefPrivateKey": struct(("bits", 4), ("K", field)),
        # size is without C, which is as long as L says
        "ECCCipher": struct(("x", field), ("y", field), ("M", 32), ("L", 4), flexible="C"),
        "ECCSignature": struct(("r", field), ("s", field)),
        "DEVICEINFO": struct(("IssuerName", 40), ("DeviceName", 16), ("DeviceSerial", 16), ("DeviceVersion", 4),
                             ("StandardVersion", 4), ("AsymAlgAbility", 8), ("SymAlgAbility", 4),
                             ("HashAlgAbility", 4), ("BufferSize", 4)),
    }


def noise(label, length):
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{label} {len(out)}".encode()).digest()
    return out[:length]


def number(label, zeros=0, high=None):
    """32 octets that begin with `zeros` zero octets; then the top bit as `high` says."""
    octets = bytearray(zeros) + bytearray(noise(label, 32 - zeros))
    first = octets[zeros]
    if high is True:
        first |= 0x80
    elif high is False:
        first = first & 0x7F | 0x01
    octets[zeros] = first or 1
    return bytes(octets)


def tlv(tag, body):
    n = len(body)
    if n < 128:
        head = bytes([n])
    else:
        size = (n.bit_length() + 7) // 8
        head = bytes([0x80 | size]) + n.to_bytes(size, "big")
    return bytes([tag]) + head + body


def integer(octets):
    octets = octets.lstrip(b"\0") or b"\0"
    if octets[0] & 0x80:
        octets = b"\0" + octets
    return tlv(2, octets)


def sequence(*parts):
    return tlv(0x30, b"".join(parts))


def right(octets, field):
    return bytes(field - len(octets)) + octets


def signature(name, r, s):
    return {"name": name, "der": sequence(integer(r), integer(s)).hex(),
            "field64": (right(r, 64) + right(s, 64)).hex(), "field32": (r + s).hex()}


def cipher(name, x, y, digest, text):
    tail = digest + len(text).to_bytes(4, "little") + text
    return {"name": name, "der": sequence(integer(x), integer(y), tlv(4, digest), tlv(4, text)).hex(),
            "field64": (right(x, 64) + right(y, 64) + tail).hex(), "field32": (x + y + tail).hex()}


def public(name, point):
    x, y = bytes.fromhex(point)[1:33], bytes.fromhex(point)[33:]
    bits = (256).to_bytes(4, "little")
    return {"name": name, "point": point,
            "field64": (bits + right(x, 64) + right(y, 64)).hex(), "field32": (bits + x + y).hex()}


P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
A = P - 3
G = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
     0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def point(k):
    out, base = None, G
    while k:
        if k & 1:
            out = add(out, base)
        base, k = add(base, base), k >> 1
    return "04%064x%064x" % out


def small():
    """The least multiples of G whose x and whose y begin with a zero octet."""
    found, k, at = {}, 1, G
    while len(found) < 2:
        for axis in (0, 1):
            if at[axis] >> 248 == 0:
                found.setdefault("xy"[axis], k)
        k, at = k + 1, add(at, G)
    return found


def conversions():
    high, low = number("high", high=True), number("low", high=False)
    one, three = number("one", zeros=1, high=True), number("three", zeros=3, high=False)
    last = bytes(31) + b"\x01"
    digest = noise("digest", 32)
    zeros = small()
    order = N.to_bytes(32, "big")
    ok = signature("ok", low, high)
    good = bytes.fromhex(ok["field64"])
    enc = cipher("ok", low, high, digest, noise("text", 16))
    encoded = bytes.fromhex(enc["field64"])
    der = bytes.fromhex(enc["der"])
    return {
        "signature": [
            signature("plain", low, low[::-1][:31] + b"\x11"),
            signature("top bit set: DER adds an octet", high, high),
            signature("r begins with a zero octet, s with three", one, three),
            signature("one octet each", last, last),
            signature("mixed", three, high),
        ],
        "cipher": [
            cipher("session key of 16 octets", low, high, digest, noise("text", 16)),
            cipher("x begins with a zero octet", one, low, digest, noise("text", 16)),
            cipher("y begins with three", high, three, digest, noise("text", 32)),
            cipher("one octet of text, M begins with zeros", low, low, bytes(4) + digest[4:], b"\x5a"),
            cipher("DER lengths over 127 and 255", high, high, digest, noise("text", 300)),
        ],
        "public": [
            public("the base point", point(1)),
            public("example key of GB/T 32918.5",
                   point(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)),
            public("x begins with a zero octet", point(zeros["x"])),
            public("y begins with a zero octet", point(zeros["y"])),
        ],
        "refuse": {
            "signature64": [
                {"name": "r is zero", "hex": (bytes(64) + good[64:]).hex()},
                {"name": "s is zero", "hex": (good[:64] + bytes(64)).hex()},
                {"name": "r is the order", "hex": (right(order, 64) + good[64:]).hex()},
                {"name": "left-aligned: the number stands in the first half",
                 "hex": (good[32:64] + bytes(32) + good[64:]).hex()},
                {"name": "over 256 bits", "hex": (bytes(31) + b"\x01" + good[32:]).hex()},
            ],
            "public64": [
                {"name": "off the curve", "hex": (bytes.fromhex(public("", point(1))["field64"])[:-1] + b"\xa1").hex()},
                {"name": "zero", "hex": ((256).to_bytes(4, "little") + bytes(128)).hex()},
                {"name": "384 bits", "hex": ((384).to_bytes(4, "little") + bytes.fromhex(public("", point(1))["field64"])[4:]).hex()},
                {"name": "fields of 32 octets, written into 132", "hex": (bytes.fromhex(public("", point(1))["field32"]) + bytes(64)).hex()},
            ],
            "cipher64": [
                {"name": "L is zero", "hex": (encoded[:160] + bytes(4)).hex()},
                {"name": "L says more than there is", "hex": (encoded[:160] + (17).to_bytes(4, "little") + encoded[164:]).hex()},
                {"name": "over 256 bits", "hex": (b"\x01" + encoded[1:]).hex()},
            ],
            "cipherDER": [
                {"name": "empty", "hex": ""},
                {"name": "cut", "hex": der[:-1].hex()},
                {"name": "something behind", "hex": (der + b"\0").hex()},
                {"name": "negative x", "hex": sequence(tlv(2, high), integer(low), tlv(4, digest), tlv(4, b"x")).hex()},
                {"name": "x over 32 octets", "hex": sequence(integer(b"\x01" + low), integer(low), tlv(4, digest), tlv(4, b"x")).hex()},
                {"name": "digest of 31 octets", "hex": sequence(integer(low), integer(low), tlv(4, digest[1:]), tlv(4, b"x")).hex()},
                {"name": "no text", "hex": sequence(integer(low), integer(low), tlv(4, digest), tlv(4, b"")).hex()},
                {"name": "C1 C2 C3 as octets", "hex": (b"\x04" + low + high + noise("text", 16) + digest).hex()},
                {"name": "indefinite length", "hex": (b"\x30\x80" + der[2:] + b"\0\0").hex()},
            ],
        },
    }


def write(name, content):
    with open(name, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


write("layout.json", {"field64": layout(64), "field32": layout(32)})
write("convert.json", conversions())
