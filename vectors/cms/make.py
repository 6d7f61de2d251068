#!/usr/bin/env python3
"""Makes the JSON files beside it, from the published facts and nothing of ours.

Own arithmetic (SM2 curve, SM4, DER) and hashlib's SM3, so that the Go code is
held against a second reading of the formats. Every number that would be random
is fixed, and running it again gives the same bytes:

    python3 vectors/cms/make.py && git diff --exit-code vectors/cms
"""
import hashlib, json, os

# --- SM3, SM4, the SM2 curve (GM/T 0003.5, GB/T 32907) ---------------------------------

def sm3(b): return hashlib.new("sm3", b).digest()

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
     0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)

def add(p, q):
    if p is None: return q
    if q is None: return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0: return None
        l = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        l = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (l * l - p[0] - q[0]) % P
    return x, (l * (p[0] - x) - p[1]) % P

def mul(k, p):
    r = None
    while k:
        if k & 1: r = add(r, p)
        p, k = add(p, p), k >> 1
    return r

def i32(n): return n.to_bytes(32, "big")
def point(p): return b"\x04" + i32(p[0]) + i32(p[1])
def number(label): return int.from_bytes(sm3(label.encode()), "big") % (N - 2) + 1

SBOX = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62"
    "e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1"
    "e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684"
    "18f07dec3adc4d2079ee5f3ed7cb3948")

def sm4_block(key, block, decrypt=False):
    rot = lambda v, n: ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF
    tau = lambda v: int.from_bytes(bytes(SBOX[b] for b in v.to_bytes(4, "big")), "big")
    fk = [0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC]
    k = [int.from_bytes(key[i*4:i*4+4], "big") ^ fk[i] for i in range(4)]
    rk = []
    for i in range(32):
        ck = int.from_bytes(bytes((4 * i + j) * 7 % 256 for j in range(4)), "big")
        t = tau(k[1] ^ k[2] ^ k[3] ^ ck)
        k = k[1:] + [k[0] ^ t ^ rot(t, 13) ^ rot(t, 23)]
        rk.append(k[3])
    x = [int.from_bytes(block[i*4:i*4+4], "big") for i in range(4)]
    for r in (reversed(rk) if decrypt else rk):
        t = tau(x[1] ^ x[2] ^ x[3] ^ r)
        x = x[1:] + [x[0] ^ t ^ rot(t, 2) ^ rot(t, 10) ^ rot(t, 18) ^ rot(t, 24)]
    return b"".join(v.to_bytes(4, "big") for v in reversed(x))

assert sm4_block(bytes.fromhex("0123456789abcdeffedcba9876543210"),
                 bytes.fromhex("0123456789abcdeffedcba9876543210")).hex() == "681edf34d206965e86b3e94f536e4246"

def sm4_ecb(key, data): return b"".join(sm4_block(key, data[i:i+16]) for i in range(0, len(data), 16))

def sm4_cbc(key, iv, data):
    out = b""
    for i in range(0, len(data), 16):
        iv = sm4_block(key, bytes(a ^ b for a, b in zip(iv, data[i:i+16])))
        out += iv
    return out

def pad(data): n = 16 - len(data) % 16; return data + bytes([n]) * n

# --- DER ---------------------------------------------------------------------------------

def tlv(tag, *content):
    c = b"".join(content)
    n = len(c)
    l = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + l + c

def seq(*c): return tlv(0x30, *c)
def octets(b): return tlv(0x04, b)
def bits(b, unused=0): return tlv(0x03, bytes([unused]) + b)
def integer(n): return tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big"))
NULL = b"\x05\x00"

def oid(text):
    parts = [int(p) for p in text.split(".")]
    out = b""
    for v in [parts[0] * 40 + parts[1]] + parts[2:]:
        group = [v & 0x7F]
        while v := v >> 7: group.insert(0, v & 0x7F | 0x80)
        out += bytes(group)
    return tlv(0x06, out)

GM = "1.2.156.10197."
SM4, SM4_ECB, SM4_CBC = GM + "1.104", GM + "1.104.1", GM + "1.104.2"
SM2, SM2_SIGN, SM2_KEYEX, SM2_ENC, SM2_SM3, SM3 = (GM + s for s in
    ("1.301", "1.301.1", "1.301.2", "1.301.3", "1.501", "1.401"))
GM_DATA, GM_ENVELOPED = GM + "6.1.4.2.1", GM + "6.1.4.2.3"
DATA, ENVELOPED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.3"
def alg(o, parameters=NULL): return seq(oid(o), parameters)

# --- SM2 (GM/T 0003.2, 0003.4) ---------------------------------------------------------------

class Key:
    def __init__(self, d): self.d, self.p = d, mul(d, G)

def kdf(z, n):
    out = b"".join(sm3(z + c.to_bytes(4, "big")) for c in range(1, n // 32 + 2))
    return out[:n]

def encrypt(k, to, message):
    """SM2 encryption with the ephemeral number k: C1, C3, C2."""
    c1, s = mul(k, G), mul(k, to)
    x2, y2 = i32(s[0]), i32(s[1])
    c2 = bytes(a ^ b for a, b in zip(message, kdf(x2 + y2, len(message))))
    return c1, sm3(x2 + message + y2), c2

def cipher(c1, c3, c2): return seq(integer(c1[0]), integer(c1[1]), octets(c3), octets(c2))

UID = b"1234567812345678"
def sign(key, k, message):
    z = sm3((8 * len(UID)).to_bytes(2, "big") + UID + b"".join(map(i32, (A, B, *G, *key.p))))
    e = int.from_bytes(sm3(z + message), "big")
    r = (e + mul(k, G)[0]) % N
    return r, pow(1 + key.d, -1, N) * (k - r * key.d) % N

def signature(r, s): return seq(integer(r), integer(s))

# --- The fixed things ------------------------------------------------------------------------

HOLDER = Key(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)  # GB/T 32918.5's example
OTHER = Key(number("onecert vector: other holder"))
ESCROW = Key(number("onecert vector: escrowed key"))
KMC = Key(number("onecert vector: key management centre"))
CEK = sm3(b"onecert vector: content key")[:16]
IV = sm3(b"onecert vector: iv")[:16]
EPHEMERAL = number("onecert vector: ephemeral")
NONCE = number("onecert vector: signature")

def first(label, good):
    i = 0
    while not good(k := number("onecert vector: %s %d" % (label, i))): i += 1
    return k

SHORT_X = first("short x", lambda k: mul(k, G)[0] >> 248 == 0)
HIGH_Y = first("high", lambda k: mul(k, G)[0] >> 255 and mul(k, G)[1] >> 255)
SMALL = Key(first("small", lambda k: k >> 248 == 0))

def keyfile(key): return {"d": i32(key.d).hex(), "point": point(key.p).hex()}
KEYS = {"holder": keyfile(HOLDER), "other": keyfile(OTHER), "escrow": keyfile(ESCROW), "small": keyfile(SMALL), "kmc": keyfile(KMC)}

def write(name, about, cases):
    names = [c["name"] for c in cases]
    assert len(names) == len(set(names))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as f:
        json.dump({"about": about, "keys": KEYS, "cases": cases}, f, indent=1, ensure_ascii=False)
        f.write("\n")

# --- SM2EnvelopedKey (GM/T 0009 7.4, GB/T 35276) ---------------------------------------------

def enveloped(algorithm=alg(SM4_ECB), k=EPHEMERAL, cek=CEK, symmetric=None, public=None, private=None, key=ESCROW, tail=b""):
    symmetric = cipher(*encrypt(k, HOLDER.p, cek)) if symmetric is None else symmetric
    public = bits(point(key.p)) if public is None else public
    private = bits(sm4_ecb(CEK, i32(key.d))) if private is None else private
    return seq(algorithm, symmetric, public, private, tail)

def encrypted(plain): return bits(sm4_ecb(CEK, plain))

c1, c3, c2 = encrypt(EPHEMERAL, HOLDER.p, CEK)
good = enveloped()
cases = []
def case(name, der, expect, key="escrow", holder="holder", note=""):
    cases.append({"name": name, "der": der.hex(), "holder": holder, "expect": expect, **({"key": key} if expect == "ok" else {}), **({"note": note} if note else {})})

case("usual", good, "ok")
case("SM4 without mode", enveloped(algorithm=alg(SM4)), "ok")
case("no parameters", enveloped(algorithm=alg(SM4_ECB, b"")), "ok")
case("short x coordinate", enveloped(k=SHORT_X), "ok", note="C1.x has a leading zero octet: the INTEGER is shorter, readers pad to 32")
case("coordinates with the high bit", enveloped(k=HIGH_Y), "ok", note="the INTEGERs begin with 00")
case("small private key", enveloped(key=SMALL), "ok", key="small", note="d keeps its leading zero octet")
case("padded to 48 octets", enveloped(private=encrypted(pad(i32(ESCROW.d)))), "ok", note="the standard does not fix padding")

F, ALG, OPEN, MIS = "envelope.format", "envelope.algorithm", "envelope.open", "envelope.mismatch"
case("empty", b"", F)
for cut in (1, 2, 10, 60, len(good) // 2, len(good) - 33, len(good) - 1):
    case("cut to %d octets" % cut, good[:cut], F)
case("trailing octet", good + b"\0", F)
case("trailing element inside", enveloped(tail=NULL), F)
case("other holder", good, OPEN, holder="other")
case("public key of another pair", enveloped(public=bits(point(OTHER.p))), MIS)
case("private key of another pair", enveloped(private=encrypted(i32(OTHER.d))), MIS)
for n in (0, 1, 16, 31, 33, 40, 64):
    case("private key of %d octets" % n, enveloped(private=bits((sm4_ecb(CEK, i32(ESCROW.d)) * 2)[:n])), F,
         note="a careless reader panics where this is no multiple of 16" if n % 16 else "")
case("48 octets without padding", enveloped(private=encrypted(i32(ESCROW.d) + bytes(16))), OPEN)
case("48 octets with short padding", enveloped(private=encrypted(b"\0" + i32(ESCROW.d) + b"\x0f" * 15)), OPEN)
case("private key 0", enveloped(private=encrypted(bytes(32))), OPEN)
case("private key n-1", enveloped(private=encrypted(i32(N - 1)), public=bits(point(mul(N - 1, G)))), OPEN, note="GB/T 32918.1: d is in [1, n-2]")
case("private key over n", enveloped(private=encrypted(b"\xff" * 32)), OPEN)
case("private key with unused bits", enveloped(private=tlv(3, b"\x01" + sm4_ecb(CEK, i32(ESCROW.d))[:-1] + b"\x00")), F)
case("public key with unused bits", enveloped(public=tlv(3, b"\x01" + point(ESCROW.p)[:-1] + b"\x00")), F)
case("compressed public key", enveloped(public=bits(bytes([2 + ESCROW.p[1] % 2]) + i32(ESCROW.p[0]))), F)
case("public key off the curve", enveloped(public=bits(point((ESCROW.p[0], ESCROW.p[1] ^ 1)))), F)
case("public key over p", enveloped(public=bits(b"\x04" + b"\xff" * 64)), F)
case("public key as SubjectPublicKeyInfo", enveloped(public=seq(seq(oid("1.2.840.10045.2.1"), oid(SM2)), bits(point(ESCROW.p)))), F)
case("content key of 15 octets", enveloped(cek=CEK[:15]), F)
case("content key of 32 octets", enveloped(cek=CEK * 2), F)
case("C3 changed", enveloped(symmetric=cipher(c1, bytes([c3[0] ^ 1]) + c3[1:], c2)), OPEN)
case("C3 of 31 octets", enveloped(symmetric=cipher(c1, c3[:31], c2)), F)
case("C2 and C3 exchanged", enveloped(symmetric=seq(integer(c1[0]), integer(c1[1]), octets(c2), octets(c3))), F)
case("C1 off the curve", enveloped(symmetric=cipher((c1[0], c1[1] ^ 1), c3, c2)), F)
case("C1 zero", enveloped(symmetric=cipher((0, 0), c3, c2)), F)
case("negative x", enveloped(symmetric=seq(tlv(2, b"\x80" + i32(c1[0])[1:]), integer(c1[1]), octets(c3), octets(c2))), F)
case("x of 33 octets", enveloped(symmetric=seq(integer(1 << 256), integer(c1[1]), octets(c3), octets(c2))), F)
case("x not minimal", enveloped(symmetric=seq(tlv(2, b"\x00\x00" + i32(c1[0])), integer(c1[1]), octets(c3), octets(c2))), F)
case("cipher within OCTET STRING", enveloped(symmetric=octets(cipher(c1, c3, c2))), F)
case("cipher as raw octets", enveloped(symmetric=octets(point(c1) + c3 + c2)), F)
case("trailing element in cipher", enveloped(symmetric=seq(integer(c1[0]), integer(c1[1]), octets(c3), octets(c2), NULL)), F)
case("AES-128-ECB", enveloped(algorithm=alg("2.16.840.1.101.3.4.1.1")), ALG)
case("SM4-CBC", enveloped(algorithm=alg(SM4_CBC, octets(IV))), ALG)
case("SM4-ECB with an IV", enveloped(algorithm=alg(SM4_ECB, octets(IV))), F)
case("length not minimal", b"\x30\x83\x00" + good[2:], F)
case("indefinite length", b"\x30\x80" + good[3 if good[1] == 0x81 else 4:] + b"\0\0", F)
case("SET instead of SEQUENCE", b"\x31" + good[1:], F)
write("sm2-enveloped-key.json",
      "SM2EnvelopedKey (GM/T 0009 7.4, GB/T 35276): 'der' opened with the private key 'holder' gives the key pair 'key', or the refusal 'expect'.", cases)

# --- SignedAndEnvelopedData as GM/T 0014's retPriKey ------------------------------------------

def name(cn): return seq(tlv(0x31, seq(oid("2.5.4.6"), tlv(0x13, b"CN"))), tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, cn.encode()))))
CA_NAME, KMC_NAME = name("示例签发机构"), name("示例密钥管理中心根")
SERIAL, KMC_SERIAL = number("onecert vector: serial") >> 97 | 1 << 158, number("onecert vector: kmc serial") >> 97 | 1 << 158
SKI = hashlib.sha1(point(HOLDER.p)).digest()
BY_SERIAL, BY_SKI = seq(CA_NAME, integer(SERIAL)), tlv(0x80, SKI)

def content_info(plain=None, algorithm=None, kind=GM_DATA):
    plain = i32(ESCROW.d) if plain is None else plain
    return seq(oid(kind), alg(SM4_ECB) if algorithm is None else algorithm, tlv(0x80, sm4_ecb(CEK, plain)))

def recipient(version=1, who=BY_SERIAL, algorithm=alg(SM2_ENC), key=None):
    return seq(integer(version), who, algorithm, octets(cipher(c1, c3, c2) if key is None else key))

def signer(info, algorithm=alg(SM2_SIGN), digest=alg(SM3), by=KMC, form=lambda r, s: signature(r, s), extra=b"", signed=None):
    r, s = sign(by, NONCE, info if signed is None else signed)
    return seq(integer(1), seq(KMC_NAME, integer(KMC_SERIAL)), digest, extra, algorithm, octets(form(r, s)))

def answer(recipients=None, info=None, signers=None, version=1, digests=alg(SM3), certificates=b"", tail=b""):
    info = content_info() if info is None else info
    return seq(integer(version), tlv(0x31, recipient() if recipients is None else recipients), tlv(0x31, digests), info,
               certificates, tlv(0x31, signer(info) if signers is None else signers), tail)

cases = []
info = content_info()
def case(name, der, expect, repacked=None, opened=None, note=""):
    cases.append({"name": name, "der": der.hex(), "expect": expect,
                  **({"repacked": repacked.hex(), "content": i32(ESCROW.d).hex()} if expect == "ok" else {}), **({"note": note} if note else {})})

good = answer()
packed = enveloped()
case("usual", good, "ok", packed)
case("recipient by key identifier", answer(recipients=recipient(2, BY_SKI)), "ok", packed, note="the form CFCA uses, RecipientInfo version 2")
case("signature algorithm SM2 with SM3, no parameters", answer(signers=signer(info, alg(SM2_SM3, b""))), "ok", packed)
case("signature algorithm SM2", answer(signers=signer(info, alg(SM2))), "ok", packed)
case("digest without parameters", answer(signers=signer(info, digest=alg(SM3, b"")), digests=alg(SM3, b"")), "ok", packed)
case("signature as 64 raw octets", answer(signers=signer(info, form=lambda r, s: i32(r) + i32(s))), "ok", packed)
case("key encryption 301.2", answer(recipients=recipient(algorithm=alg(SM2_KEYEX, b""))), "ok", packed, note="GmSSL writes the key-exchange number")
case("key encryption 301", answer(recipients=recipient(algorithm=alg(SM2))), "ok", packed)
case("with a certificate", answer(certificates=tlv(0xA0, seq(NULL))), "ok", packed, note="certificates are carried, not judged here")

S = "envelope.signature"
case("empty", b"", F)
for cut in (1, 3, 40, len(good) // 2, len(good) - 1):
    case("cut to %d octets" % cut, good[:cut], F)
case("trailing octet", good + b"\0", F)
case("trailing element inside", answer(tail=NULL), F)
case("wrapped in ContentInfo", seq(oid(GM + "6.1.4.2.4"), tlv(0xA0, good)), F, note="GM/T 0014 carries it bare")
case("version 2", answer(version=2), F)
case("no recipient", answer(recipients=b""), F)
case("two recipients", answer(recipients=recipient() + recipient(2, BY_SKI)), F)
case("no signer", answer(signers=b""), F)
case("two signers", answer(signers=signer(info) * 2), F)
case("authenticated attributes", answer(signers=signer(info, extra=tlv(0xA0, seq(NULL)))), F, note="what is signed would differ")
case("private key of 31 octets", answer(info=seq(oid(GM_DATA), alg(SM4_ECB), tlv(0x80, sm4_ecb(CEK, i32(ESCROW.d))[:31]))), F)
padded = content_info(pad(i32(ESCROW.d)))
case("private key padded to 48 octets", answer(info=padded), F, note="another KMC's dialect; needs an adapter of its own")
case("no content", answer(info=seq(oid(GM_DATA), alg(SM4_ECB))), F)
case("signed by another", answer(signers=signer(info, by=OTHER)), S)
case("signature over the plaintext", answer(signers=signer(info, signed=i32(ESCROW.d))), S, note="GM/T 0010's own rule, which a blind CA cannot check")
case("content exchanged after signing", answer(info=content_info(i32(OTHER.d)), signers=signer(info)), S)
case("signature cut", answer(signers=signer(info, form=lambda r, s: signature(r, s)[:-1])), S)
case("signature of zeros", answer(signers=signer(info, form=lambda r, s: bytes(64))), S)
case("digest SHA-256", answer(signers=signer(info, digest=alg("2.16.840.1.101.3.4.2.1")), digests=alg("2.16.840.1.101.3.4.2.1")), ALG)
case("key encryption RSA", answer(recipients=recipient(algorithm=alg("1.2.840.113549.1.1.1"))), ALG)
case("content cipher SM4-CBC", answer(info=content_info(algorithm=alg(SM4_CBC, octets(IV)))), ALG)
case("length not minimal", b"\x30\x83\x00" + good[2:], F)
write("sm2-key-answer.json",
      "SignedAndEnvelopedData as retPriKey of GM/T 0014 (profile: docs/decisions/2026-11-23-km-answer-profile.md): 'der', signed by 'kmc' for 'holder', "
      "repacked with the point of 'escrow' in 'keys' gives 'repacked' and opens to 'content'; or the refusal 'expect' on the way parse, verify, repack.", cases)

# --- GM EnvelopedData and its dialects ----------------------------------------------------------

TEXT = "an example text, 示例".encode()

def body(kind=GM_DATA, algorithm=None, content=None):
    return seq(oid(kind), alg(SM4_CBC, octets(IV)) if algorithm is None else algorithm,
               tlv(0x80, sm4_cbc(CEK, IV, pad(TEXT))) if content is None else content)

def message(recipients=None, info=None, version=1, kind=GM_ENVELOPED, tail=b""):
    return seq(oid(kind), tlv(0xA0, seq(integer(version), tlv(0x31, recipient() if recipients is None else recipients), body() if info is None else info, tail)))

def indefinite(der):
    """Re-encodes every constructed element with indefinite length (X.690 8.1.3.6)."""
    out = b""
    while der:
        n, head = der[1], 2
        if n & 0x80:
            head = 2 + (n & 0x7F)
            n = int.from_bytes(der[2:head], "big")
        content, tag = der[head:head+n], der[0]
        out += bytes([tag, 0x80]) + indefinite(content) + b"\0\0" if tag & 0x20 else der[:head+n]
        der = der[head+n:]
    return out

cases = []
def case(name, der, expect, holder="holder", note=""):
    cases.append({"name": name, "der": der.hex(), "holder": holder, "expect": expect,
                  **({"content": TEXT.hex()} if expect == "ok" else {}), **({"note": note} if note else {})})

raw = point(c1) + c3 + c2
secret = sm4_cbc(CEK, IV, pad(TEXT))
good = message()
case("usual", good, "ok")
for text, o in (("301.3", SM2_ENC), ("301.2", SM2_KEYEX), ("301", SM2)):
    for suffix, parameters in (("NULL", NULL), ("no parameters", b"")):
        case("key encryption %s, %s" % (text, suffix), message(recipient(algorithm=alg(o, parameters))), "ok")
case("key as 04 C1 C3 C2", message(recipient(key=raw)), "ok")
case("key as C1 C3 C2", message(recipient(key=raw[1:])), "ok")
case("key as 04 C1 C2 C3", message(recipient(key=point(c1) + c2 + c3)), "ok")
case("key as C1 C2 C3", message(recipient(key=(point(c1) + c2 + c3)[1:])), "ok", note="SADK before 3.2")
case("recipient by key identifier", message(recipient(2, BY_SKI), version=2), "ok")
case("SM4 without mode, with IV", message(info=body(algorithm=alg(SM4, octets(IV)))), "ok", note="CFCA SADK's CBC")
case("standard content types", message(kind=ENVELOPED, info=body(DATA), version=0, recipients=recipient(0)), "ok")
case("indefinite lengths", indefinite(good), "ok")
case("content in pieces", message(info=body(content=tlv(0xA0, octets(secret[:16]), octets(secret[16:])))), "ok")
case("content in pieces, indefinite lengths", indefinite(message(info=body(content=tlv(0xA0, octets(secret[:5]), octets(secret[5:]))))), "ok")
case("other recipients beside", message(recipients=recipient(who=seq(KMC_NAME, integer(7)), key=cipher(*encrypt(EPHEMERAL, OTHER.p, CEK))) + recipient(2, BY_SKI), version=2), "ok")

case("empty", b"", F)
for cut in (1, 3, 40, len(good) // 2, len(good) - 1):
    case("cut to %d octets" % cut, good[:cut], F)
case("trailing octet", good + b"\0", F)
case("indefinite, end missing", indefinite(good)[:-2], F)
case("nested 100 deep", b"\x30\x80" * 100 + b"\0\0" * 100, F)
case("other holder", good, OPEN, holder="other")
case("signed data", message(kind=GM + "6.1.4.2.2"), "envelope.type")
case("no recipient", message(recipients=b""), F)
case("recipient of another kind", message(recipient(algorithm=alg("1.2.840.113549.1.1.1"))), "envelope.recipient")
case("C3 changed", message(recipient(key=cipher(c1, c3[::-1], c2))), OPEN)
case("key cut", message(recipient(key=cipher(c1, c3, c2)[:-1])), OPEN)
case("content cut", message(info=body(content=tlv(0x80, secret[:-1]))), F)
case("content empty", message(info=body(content=tlv(0x80, b""))), F)
case("no content", message(info=body(content=b"")), F)
case("last block changed", message(info=body(content=tlv(0x80, secret[:-1] + bytes([secret[-1] ^ 1])))), OPEN)
case("IV of 15 octets", message(info=body(algorithm=alg(SM4_CBC, octets(IV[:15])))), F)
case("no IV", message(info=body(algorithm=alg(SM4_CBC))), F)
case("unknown content cipher", message(info=body(algorithm=alg("1.2.840.113549.3.7", octets(IV[:8])))), ALG)
write("gm-enveloped-data.json",
      "EnvelopedData of GM/T 0010, GB/T 35275 in the dialects seen in the field: 'der' opened with 'holder' gives 'content', or the refusal 'expect'.", cases)
