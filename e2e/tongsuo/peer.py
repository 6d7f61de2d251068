"""A TLCP client or server made of Tongsuo, for the end-to-end tests.

Tongsuo's library comes inside the Python package tongsuopy-crayon, which exports its
whole C interface; this drives it by ctypes. Usage:

    peer.py LIBRARY server|client KEY=VALUE...

It prints lines of key=value: "port" once it listens, then for each connection either
what was negotiated or "error". A server sends back what it gets, or "answer"; a
client sends "size" octets and prints whether they come back.
"""
import ctypes
import ctypes.util
import socket
import sys

SSL_VERIFY_PEER = 1
SSL_VERIFY_FAIL = 2
SSL_OP_NO_TICKET = 0x4000
SSL_CTRL_SET_TLSEXT_HOSTNAME = 55
SSL_CTRL_SET_SESS_CACHE_MODE = 44
SSL_CTRL_MODE = 33
SSL_MODE_AUTO_RETRY = 4
PEM = 1

P = ctypes.c_void_p


class Library:
    """The C functions, each with its types."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)

    def call(self, name, *args, result=ctypes.c_int):
        function = getattr(self.c, name)
        function.restype = result
        return function(*[P(a) if isinstance(a, Pointer) else a for a in args])


class Pointer(int):
    """A C pointer, so that call does not cut it to an int."""


def pointer(value):
    return Pointer(value or 0)


def text(value):
    return ctypes.c_char_p(value.encode())


class Context:
    """An SSL_CTX set up from the options."""

    def __init__(self, lib, server, options):
        self.lib, self.server, self.options = lib, server, options
        method = "NTLS_server_method" if server else "NTLS_client_method"
        self.ctx = pointer(lib.call("SSL_CTX_new", pointer(lib.call(method, result=P)), result=P))
        lib.call("SSL_CTX_enable_ntls", self.ctx, result=None)
        lib.call("SSL_CTX_ctrl", self.ctx, SSL_CTRL_MODE, ctypes.c_long(SSL_MODE_AUTO_RETRY), None, result=ctypes.c_long)
        if options.get("ticket") != "yes":
            lib.call("SSL_CTX_set_options", self.ctx, ctypes.c_ulong(SSL_OP_NO_TICKET), result=ctypes.c_ulong)
        self.certificates()
        if "ca" in options:
            self.must("SSL_CTX_load_verify_locations", self.ctx, text(options["ca"]), None)
        if "suites" in options:
            self.must("SSL_CTX_set_cipher_list", self.ctx, text(options["suites"]))
        verify = SSL_VERIFY_PEER if not server or options.get("mutual") == "yes" else 0
        if server and verify:
            verify |= SSL_VERIFY_FAIL
        lib.call("SSL_CTX_set_verify", self.ctx, verify, None, result=None)
        if server:
            lib.call("SSL_CTX_set_session_id_context", self.ctx, text("e2e"), 3)
        self.alpn()

    def must(self, name, *args):
        if self.lib.call(name, *args) != 1:
            raise SystemExit(name + ": " + self.problem())

    def certificates(self):
        o = self.options
        if "sign_cert" not in o:
            return
        self.must("SSL_CTX_use_sign_certificate_file", self.ctx, text(o["sign_cert"]), PEM)
        self.must("SSL_CTX_use_sign_PrivateKey_file", self.ctx, text(o["sign_key"]), PEM)
        if "enc_cert" in o:
            self.must("SSL_CTX_use_enc_certificate_file", self.ctx, text(o["enc_cert"]), PEM)
            self.must("SSL_CTX_use_enc_PrivateKey_file", self.ctx, text(o["enc_key"]), PEM)

    def alpn(self):
        if "alpn" not in self.options:
            return
        wire = b"".join(bytes([len(p)]) + p.encode() for p in self.options["alpn"].split(","))
        if not self.server:
            self.lib.call("SSL_CTX_set_alpn_protos", self.ctx, ctypes.c_char_p(wire), len(wire))
            return
        wanted = [p.encode() for p in self.options["alpn"].split(",")]
        kind = ctypes.CFUNCTYPE(ctypes.c_int, P, ctypes.POINTER(P), ctypes.POINTER(ctypes.c_ubyte), P, ctypes.c_uint, P)

        def select(_ssl, out, outlen, offered, length, _arg):
            data = ctypes.string_at(offered, length)
            at = 0
            while at < length:
                if data[at + 1:at + 1 + data[at]] in wanted:
                    out[0] = offered + at + 1
                    outlen[0] = data[at]
                    return 0
                at += 1 + data[at]
            return 3

        self.keep = kind(select)
        self.lib.call("SSL_CTX_set_alpn_select_cb", self.ctx, self.keep, None, result=None)

    def problem(self):
        words = []
        while True:
            code = self.lib.call("ERR_get_error", result=ctypes.c_ulong)
            if code == 0:
                return "; ".join(words) or "no error is queued"
            buffer = ctypes.create_string_buffer(256)
            self.lib.call("ERR_error_string_n", ctypes.c_ulong(code), buffer, ctypes.c_size_t(256), result=None)
            words.append(buffer.value.decode())


class Connection:
    """One SSL over a connected socket."""

    def __init__(self, context, sock, session=None):
        self.lib, self.context, self.sock = context.lib, context, sock
        self.ssl = pointer(self.lib.call("SSL_new", context.ctx, result=P))
        self.lib.call("SSL_set_fd", self.ssl, sock.fileno())
        if "name" in context.options and not context.server:
            self.lib.call("SSL_ctrl", self.ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, ctypes.c_long(0), text(context.options["name"]),
                          result=ctypes.c_long)
        if session:
            self.lib.call("SSL_set_session", self.ssl, session)

    def shake(self):
        step = "SSL_accept" if self.context.server else "SSL_connect"
        if self.lib.call(step, self.ssl) != 1:
            say("error", self.context.problem())
            return False
        cipher = pointer(self.lib.call("SSL_get_current_cipher", self.ssl, result=P))
        say("suite", self.lib.call("SSL_CIPHER_get_name", cipher, result=ctypes.c_char_p).decode())
        say("version", self.lib.call("SSL_get_version", self.ssl, result=ctypes.c_char_p).decode())
        say("resumed", self.lib.call("SSL_session_reused", self.ssl))
        say("verify", self.lib.call("SSL_get_verify_result", self.ssl, result=ctypes.c_long))
        say("alpn", self.protocol())
        session = self.session()
        secret = ctypes.create_string_buffer(48)
        self.lib.call("SSL_SESSION_get_master_key", session, secret, ctypes.c_size_t(48), result=ctypes.c_size_t)
        self.lib.call("SSL_SESSION_free", session, result=None)
        say("master", secret.raw.hex())
        return True

    def protocol(self):
        data, length = P(), ctypes.c_uint()
        self.lib.call("SSL_get0_alpn_selected", self.ssl, ctypes.byref(data), ctypes.byref(length), result=None)
        return ctypes.string_at(data.value, length.value).decode() if data.value else ""

    def read(self):
        buffer = ctypes.create_string_buffer(1 << 16)
        n = self.lib.call("SSL_read", self.ssl, buffer, 1 << 16)
        return buffer.raw[:n] if n > 0 else b""

    def write(self, data):
        while data:
            n = self.lib.call("SSL_write", self.ssl, ctypes.c_char_p(data), len(data))
            if n <= 0:
                say("error", self.context.problem())
                return
            data = data[n:]

    def session(self):
        return pointer(self.lib.call("SSL_get1_session", self.ssl, result=P))

    def close(self):
        self.lib.call("SSL_shutdown", self.ssl)
        self.lib.call("SSL_free", self.ssl, result=None)
        self.sock.close()


def say(key, value):
    print(f"{key}={value}", flush=True)


def serve(context, count, answer):
    listener = socket.create_server(("127.0.0.1", 0))
    say("port", listener.getsockname()[1])
    for _ in range(count):
        sock, _ = listener.accept()
        connection = Connection(context, sock)
        if connection.shake():
            while data := connection.read():
                connection.write(answer or data)
        connection.close()
        say("closed", 1)


def dial(context, count, port, size):
    session = None
    for _ in range(count):
        connection = Connection(context, socket.create_connection(("127.0.0.1", port)), session)
        if connection.shake():
            data = (b"hello, world " * (size // 13 + 1))[:size]
            connection.write(data)
            got = b""
            while len(got) < len(data) and (part := connection.read()):
                got += part
            say("echo", got == data)
            session = connection.session()
        connection.close()
        say("closed", 1)


def main(arguments):
    lib = Library(arguments[0])
    options = dict(a.split("=", 1) for a in arguments[2:])
    server = arguments[1] == "server"
    context = Context(lib, server, options)
    count = int(options.get("count", "1"))
    if server:
        answer = options.get("answer", "").encode().decode("unicode_escape").encode()
        serve(context, count, answer)
    else:
        dial(context, count, int(options["port"]), int(options.get("size", "1000")))


if __name__ == "__main__":
    main(sys.argv[1:])
