"""Tongsuo opens a PKCS#12 file, for the end-to-end tests.

    store.py LIBRARY FILE PASSWORD-FILE

It prints lines of key=value: whether the file opens with the password, which verifies
its MAC, and whether its key belongs to its certificate.
"""
import ctypes
import sys

P = ctypes.c_void_p
CONFIG = 0x0C  # OPENSSL_INIT_ADD_ALL_CIPHERS, OPENSSL_INIT_ADD_ALL_DIGESTS


def main(library, path, password_file):
    c = ctypes.CDLL(library)

    def function(name, result, *types):
        f = getattr(c, name)
        f.restype, f.argtypes = result, types
        return f

    function("OPENSSL_init_crypto", ctypes.c_int, ctypes.c_uint64, P)(CONFIG, None)
    with open(path, "rb") as file:
        content = file.read()
    with open(password_file, "rb") as file:
        password = file.read().strip()
    bio = function("BIO_new_mem_buf", P, ctypes.c_char_p, ctypes.c_int)(content, len(content))
    store = function("d2i_PKCS12_bio", P, P, P)(bio, None)
    key, certificate, above = P(), P(), P()
    opened = function("PKCS12_parse", ctypes.c_int, P, ctypes.c_char_p, P, P, P)(
        store, password, ctypes.byref(key), ctypes.byref(certificate), ctypes.byref(above))
    print("opened=%d" % opened)
    if opened:
        print("belongs=%d" % function("X509_check_private_key", ctypes.c_int, P, P)(certificate, key))
        return
    code = function("ERR_peek_error", ctypes.c_ulong)()
    print("error=%s" % function("ERR_error_string", ctypes.c_char_p, ctypes.c_ulong, P)(code, None).decode())


main(*sys.argv[1:])
