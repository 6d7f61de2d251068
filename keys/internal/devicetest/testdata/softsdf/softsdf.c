/*
 * A software SDF device for tests (GM/T 0018-2012). Not for keeping keys: they lie in
 * plain files. Its arithmetic is OpenSSL's, so that it is independent of ours.
 *
 * It reads the folder it lies in:
 *   sign-N.pem enc-N.pem   the pairs at index N, PKCS#8
 *   pass-N                 the access password of index N
 *   kek-N                  a key-encrypting key, 16 octets
 *   control                while it is there, every call fails: COMMFAIL or HARDFAIL.
 *                          Sessions from before are dead when it is gone, as after the
 *                          restart of a real device.
 *
 * It watches its caller as a real device cannot: SOFTSDF_Count tells of two threads in
 * one session, of handles used after they were closed, of wrong passwords.
 *
 * Compiled with -DFIELD=32: numbers of 32 octets. -DSHORT_DECRYPT: the form of
 * SDF_InternalDecrypt_ECC without an algorithm. -DLACKS_SIGN: without a function.
 */
#define _GNU_SOURCE
#include "sdf.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#define MAX_INDEX 16
#define MAX_CIPHER 4096

typedef struct session {
	atomic_int busy;
	int rights[MAX_INDEX + 1];
	struct session *next;
} session;

typedef struct key {
	unsigned char octets[32];
	unsigned int length;
	struct session *owner;
	struct key *next;
} key;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int opened;
static atomic_int dead;
static session *sessions;
static key *keys;
static EVP_PKEY *sign_pairs[MAX_INDEX + 1], *enc_pairs[MAX_INDEX + 1];
static atomic_int misuses, wrong_passwords, open_sessions, opened_devices;

/* what: 0 misuses, 1 wrong passwords, 2 open sessions, 3 devices opened so far, 4 open keys */
int SOFTSDF_Count(int what) {
	int n = 0;
	switch (what) {
	case 0: return misuses;
	case 1: return wrong_passwords;
	case 2: return open_sessions;
	case 3: return opened_devices;
	case 4:
		pthread_mutex_lock(&lock);
		for (key *k = keys; k; k = k->next) n++;
		pthread_mutex_unlock(&lock);
		return n;
	}
	return -1;
}

static void path_of(char *out, size_t size, const char *name, unsigned int index) {
	Dl_info info;
	char *slash;
	if (!dladdr((void *)SOFTSDF_Count, &info)) abort();
	snprintf(out, size, "%s", info.dli_fname);
	slash = strrchr(out, '/');
	if (!slash) abort();
	if (index)
		snprintf(slash + 1, size - (slash + 1 - out), "%s-%u", name, index);
	else
		snprintf(slash + 1, size - (slash + 1 - out), "%s", name);
}

/* read_file returns how many octets of a file were read, -1 if there is none */
static int read_file(const char *name, unsigned int index, unsigned char *out, int size) {
	char path[4096];
	FILE *file;
	int n;
	path_of(path, sizeof path, name, index);
	if (!(file = fopen(path, "rb"))) return -1;
	n = (int)fread(out, 1, size, file);
	fclose(file);
	return n;
}

/* failing answers what the control file orders, SDR_OK without one */
static int failing(void) {
	char path[4096];
	unsigned char order[32] = {0};
	path_of(path, sizeof path, "control", 0);
	if (access(path, F_OK) != 0) return SDR_OK;
	if (read_file("control", 0, order, sizeof order - 1) < 0) return SDR_OK;
	dead = 1;
	return strstr((char *)order, "HARDFAIL") ? SDR_HARDFAIL : SDR_COMMFAIL;
}

static EVP_PKEY *pair_of(EVP_PKEY **store, const char *kind, unsigned int index) {
	char path[4096], name[32];
	FILE *file;
	if (index < 1 || index > MAX_INDEX) return NULL;
	if (store[index]) return store[index];
	snprintf(name, sizeof name, "%s-%u.pem", kind, index);
	path_of(path, sizeof path, name, 0);
	if (!(file = fopen(path, "rb"))) return NULL;
	store[index] = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return store[index];
}

/* enter takes a session for one call; 0 or the error to answer */
static int enter(void *handle, session **out) {
	int code = failing();
	session *s;
	if (code) return code;
	pthread_mutex_lock(&lock);
	for (s = sessions; s && s != handle; s = s->next) {}
	if (!s || dead) {
		if (!s && !dead) misuses++;
		pthread_mutex_unlock(&lock);
		return SDR_INARGERR;
	}
	if (atomic_exchange(&s->busy, 1)) {
		misuses++;
		pthread_mutex_unlock(&lock);
		return SDR_STEPERR;
	}
	pthread_mutex_unlock(&lock);
	*out = s;
	return SDR_OK;
}

static int leave(session *s, int code) {
	s->busy = 0;
	return code;
}

int SDF_OpenDevice(void **device) {
	int code = failing();
	if (code) return code;
	pthread_mutex_lock(&lock);
	if (!device || opened) {
		pthread_mutex_unlock(&lock);
		return device ? SDR_OPENDEVICE : SDR_INARGERR;
	}
	opened = 1;
	dead = 0;
	opened_devices++;
	*device = &opened;
	pthread_mutex_unlock(&lock);
	return SDR_OK;
}

static void forget(session *s) {
	for (key **at = &keys; *at;) {
		key *k = *at;
		if (k->owner == s) {
			*at = k->next;
			OPENSSL_clear_free(k, sizeof *k);
		} else {
			at = &k->next;
		}
	}
	free(s);
	open_sessions--;
}

int SDF_CloseDevice(void *device) {
	pthread_mutex_lock(&lock);
	if (device != &opened || !opened) {
		misuses++;
		pthread_mutex_unlock(&lock);
		return SDR_INARGERR;
	}
	while (sessions) {
		session *s = sessions;
		if (s->busy) misuses++;
		sessions = s->next;
		forget(s);
	}
	opened = 0;
	pthread_mutex_unlock(&lock);
	return SDR_OK;
}

int SDF_OpenSession(void *device, void **out) {
	session *s;
	int code = failing();
	if (code) return code;
	if (!out || !(s = calloc(1, sizeof *s))) return SDR_INARGERR;
	pthread_mutex_lock(&lock);
	if (device != &opened || !opened || dead) {
		pthread_mutex_unlock(&lock);
		free(s);
		return SDR_INARGERR;
	}
	s->next = sessions;
	sessions = s;
	open_sessions++;
	pthread_mutex_unlock(&lock);
	*out = s;
	return SDR_OK;
}

int SDF_CloseSession(void *handle) {
	pthread_mutex_lock(&lock);
	for (session **at = &sessions; *at; at = &(*at)->next) {
		session *s = *at;
		if (s == handle) {
			if (s->busy) misuses++;
			*at = s->next;
			forget(s);
			pthread_mutex_unlock(&lock);
			return SDR_OK;
		}
	}
	misuses++;
	pthread_mutex_unlock(&lock);
	return SDR_INARGERR;
}

int SDF_GetDeviceInfo(void *handle, DEVICEINFO *info) {
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	memset(info, 0, sizeof *info);
	memcpy(info->IssuerName, "OneCert tests", 13);
	memcpy(info->DeviceName, "softsdf", 7);
	memcpy(info->DeviceSerial, "2026112300100042", 16); /* fills the field: no NUL */
	info->DeviceVersion = 0x00010203;
	info->StandardVersion = 1;
	info->AsymAlgAbility[0] = SGD_SM2_1 | SGD_SM2_3;
	info->AsymAlgAbility[1] = 256;
	info->SymAlgAbility = SGD_SM4_CBC;
	info->HashAlgAbility = 1;
	info->BufferSize = 65536;
	return leave(s, SDR_OK);
}

int SDF_GenerateRandom(void *handle, unsigned int length, unsigned char *out) {
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	if (!out || length == 0 || length > 256) return leave(s, SDR_INARGERR);
	return leave(s, RAND_bytes(out, (int)length) == 1 ? SDR_OK : SDR_HARDFAIL);
}

int SDF_GetPrivateKeyAccessRight(void *handle, unsigned int index, unsigned char *password, unsigned int length) {
	unsigned char right[256];
	session *s;
	int n, code = enter(handle, &s);
	if (code) return code;
	if (index < 1 || index > MAX_INDEX || (n = read_file("pass", index, right, sizeof right)) < 0)
		return leave(s, SDR_KEYNOTEXIST);
	if (!password || (int)length != n || memcmp(password, right, n) != 0) {
		wrong_passwords++;
		return leave(s, SDR_VENDOR_PASSWORD);
	}
	s->rights[index] = 1;
	return leave(s, SDR_OK);
}

int SDF_ReleasePrivateKeyAccessRight(void *handle, unsigned int index) {
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	if (index < 1 || index > MAX_INDEX) return leave(s, SDR_INARGERR);
	s->rights[index] = 0;
	return leave(s, SDR_OK);
}

static int export_public(void *handle, EVP_PKEY **store, const char *kind, unsigned int index, ECCrefPublicKey *out) {
	unsigned char point[65];
	size_t length = 0;
	EVP_PKEY *pair;
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	pthread_mutex_lock(&lock);
	pair = pair_of(store, kind, index);
	pthread_mutex_unlock(&lock);
	if (!pair) return leave(s, SDR_KEYNOTEXIST);
	EVP_PKEY_set_utf8_string_param(pair, "point-format", "uncompressed");
	if (!EVP_PKEY_get_octet_string_param(pair, "pub", point, sizeof point, &length) || length != 65)
		return leave(s, SDR_KEYERR);
	memset(out, 0, sizeof *out);
	out->bits = 256;
	memcpy(out->x + FIELD - 32, point + 1, 32);
	memcpy(out->y + FIELD - 32, point + 33, 32);
	return leave(s, SDR_OK);
}

int SDF_ExportSignPublicKey_ECC(void *handle, unsigned int index, ECCrefPublicKey *out) {
	return export_public(handle, sign_pairs, "sign", index, out);
}

int SDF_ExportEncPublicKey_ECC(void *handle, unsigned int index, ECCrefPublicKey *out) {
	return export_public(handle, enc_pairs, "enc", index, out);
}

#ifndef LACKS_SIGN
static int sign_e(EVP_PKEY *pair, const unsigned char *e, ECCSignature *out) {
	unsigned char der[128];
	const unsigned char *at = der;
	size_t length = sizeof der;
	ECDSA_SIG *numbers = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);
	int ok = context && EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_sign(context, der, &length, e, 32) == 1 &&
		(numbers = d2i_ECDSA_SIG(NULL, &at, (long)length)) != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out->r, FIELD) == FIELD &&
		BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out->s, FIELD) == FIELD;
	ECDSA_SIG_free(numbers);
	EVP_PKEY_CTX_free(context);
	return ok ? SDR_OK : SDR_SKOPERR;
}

int SDF_InternalSign_ECC(void *handle, unsigned int index, unsigned char *e, unsigned int length, ECCSignature *out) {
	EVP_PKEY *pair;
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	if (!e || length != 32 || !out || index < 1 || index > MAX_INDEX) return leave(s, SDR_INARGERR);
	if (!s->rights[index]) return leave(s, SDR_PARDENY);
	pthread_mutex_lock(&lock);
	pair = pair_of(sign_pairs, "sign", index);
	pthread_mutex_unlock(&lock);
	if (!pair) return leave(s, SDR_KEYNOTEXIST);
	return leave(s, sign_e(pair, e, out));
}

/* SOFTSDF_SignLoop signs n times from C: the floor the binding is measured against */
int SOFTSDF_SignLoop(void *handle, unsigned int index, int n) {
	unsigned char e[32] = {1};
	ECCSignature out;
	int code = SDR_OK;
	while (n-- > 0 && code == SDR_OK) code = SDF_InternalSign_ECC(handle, index, e, sizeof e, &out);
	return code;
}
#endif

static unsigned char *put_integer(unsigned char *at, const unsigned char *number) {
	int n = 32;
	while (n > 1 && *number == 0) {
		number++;
		n--;
	}
	*at++ = 0x02;
	*at++ = (unsigned char)(n + (*number >> 7));
	if (*number >> 7) *at++ = 0;
	memcpy(at, number, n);
	return at + n;
}

static unsigned char *put_head(unsigned char *at, unsigned char tag, size_t length) {
	*at++ = tag;
	if (length > 255) {
		*at++ = 0x82;
		*at++ = (unsigned char)(length >> 8);
	} else if (length > 127) {
		*at++ = 0x81;
	}
	*at++ = (unsigned char)length;
	return at;
}

/* cipher_der writes SM2Cipher, which is what OpenSSL decrypts */
static size_t cipher_der(const ECCCipher *in, unsigned char *out) {
	unsigned char body[MAX_CIPHER + 256], *at = body;
	at = put_integer(at, in->x + FIELD - 32);
	at = put_integer(at, in->y + FIELD - 32);
	at = put_head(at, 0x04, 32);
	memcpy(at, in->M, 32);
	at = put_head(at + 32, 0x04, in->L);
	memcpy(at, in->C, in->L);
	at += in->L;
	unsigned char *start = put_head(out, 0x30, at - body);
	memcpy(start, body, at - body);
	return start - out + (at - body);
}

int SDF_InternalDecrypt_ECC(void *handle, unsigned int index,
#ifndef SHORT_DECRYPT
	unsigned int algorithm,
#endif
	ECCCipher *in, unsigned char *out, unsigned int *length) {
	unsigned char der[MAX_CIPHER + 512], clear[MAX_CIPHER + 512];
	size_t size = sizeof clear;
	EVP_PKEY_CTX *context;
	EVP_PKEY *pair;
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
#ifndef SHORT_DECRYPT
	if (algorithm != SGD_SM2_3) return leave(s, SDR_ALGNOTSUPPORT);
#endif
	if (!in || !out || !length || index < 1 || index > MAX_INDEX || in->L == 0 || in->L > MAX_CIPHER)
		return leave(s, SDR_INARGERR);
	if (!s->rights[index]) return leave(s, SDR_PARDENY);
	pthread_mutex_lock(&lock);
	pair = pair_of(enc_pairs, "enc", index);
	pthread_mutex_unlock(&lock);
	if (!pair) return leave(s, SDR_KEYNOTEXIST);
	context = EVP_PKEY_CTX_new(pair, NULL);
	code = context && EVP_PKEY_decrypt_init(context) == 1 &&
		EVP_PKEY_decrypt(context, clear, &size, der, cipher_der(in, der)) == 1 && size <= in->L ? SDR_OK : SDR_SKOPERR;
	EVP_PKEY_CTX_free(context);
	if (code == SDR_OK) {
		memcpy(out, clear, size);
		*length = (unsigned int)size;
	}
	return leave(s, code);
}

/* sm4_cbc works on whole blocks, with PKCS#7 padding if asked */
static int sm4_cbc(int encrypt, const unsigned char *with, const unsigned char *iv, int padding,
	const unsigned char *in, unsigned int n, unsigned char *out, unsigned int *length) {
	int first = 0, last = 0, ok;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	ok = context && EVP_CipherInit_ex(context, EVP_sm4_cbc(), NULL, with, iv, encrypt) == 1 &&
		EVP_CIPHER_CTX_set_padding(context, padding) == 1 &&
		EVP_CipherUpdate(context, out, &first, in, (int)n) == 1 &&
		EVP_CipherFinal_ex(context, out + first, &last) == 1;
	EVP_CIPHER_CTX_free(context);
	*length = (unsigned int)(first + last);
	return ok ? SDR_OK : SDR_KEYERR;
}

static void *keep(session *s, const unsigned char *octets, unsigned int length) {
	key *k = calloc(1, sizeof *k);
	if (!k) abort();
	memcpy(k->octets, octets, length);
	k->length = length;
	k->owner = s;
	pthread_mutex_lock(&lock);
	k->next = keys;
	keys = k;
	pthread_mutex_unlock(&lock);
	return k;
}

/* The wrapped form is the maker's own: here IV and SM4-CBC with padding */
int SDF_GenerateKeyWithKEK(void *handle, unsigned int bits, unsigned int algorithm, unsigned int kek_index,
	unsigned char *wrapped, unsigned int *length, void **out) {
	unsigned char kek[16], fresh[32];
	unsigned int n = 0;
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	if (algorithm != SGD_SM4_CBC) return leave(s, SDR_ALGNOTSUPPORT);
	if (bits != 128 || !wrapped || !length || !out) return leave(s, SDR_INARGERR);
	if (read_file("kek", kek_index, kek, sizeof kek) != sizeof kek) return leave(s, SDR_KEYNOTEXIST);
	if (RAND_bytes(fresh, 16) != 1 || RAND_bytes(wrapped, 16) != 1) return leave(s, SDR_HARDFAIL);
	code = sm4_cbc(1, kek, wrapped, 1, fresh, 16, wrapped + 16, &n);
	*length = 16 + n;
	if (code == SDR_OK) *out = keep(s, fresh, 16);
	return leave(s, code);
}

int SDF_ImportKeyWithKEK(void *handle, unsigned int algorithm, unsigned int kek_index, unsigned char *wrapped,
	unsigned int length, void **out) {
	unsigned char kek[16], clear[64];
	unsigned int n = 0;
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	if (algorithm != SGD_SM4_CBC) return leave(s, SDR_ALGNOTSUPPORT);
	if (!wrapped || length < 32 || length > 64 || !out) return leave(s, SDR_INARGERR);
	if (read_file("kek", kek_index, kek, sizeof kek) != sizeof kek) return leave(s, SDR_KEYNOTEXIST);
	code = sm4_cbc(0, kek, wrapped, 1, wrapped + 16, length - 16, clear, &n);
	if (code == SDR_OK && n != 16) code = SDR_KEYERR;
	if (code == SDR_OK) *out = keep(s, clear, n);
	return leave(s, code);
}

int SDF_DestroyKey(void *handle, void *which) {
	session *s;
	int code = enter(handle, &s);
	if (code) return code;
	pthread_mutex_lock(&lock);
	for (key **at = &keys; *at; at = &(*at)->next) {
		key *k = *at;
		if (k == which && k->owner == s) {
			*at = k->next;
			OPENSSL_clear_free(k, sizeof *k);
			pthread_mutex_unlock(&lock);
			return leave(s, SDR_OK);
		}
	}
	misuses++;
	pthread_mutex_unlock(&lock);
	return leave(s, SDR_KEYNOTEXIST);
}

static int cbc(int encrypt, void *handle, void *which, unsigned int algorithm, unsigned char *iv,
	unsigned char *in, unsigned int n, unsigned char *out, unsigned int *length) {
	session *s;
	key *k;
	int code = enter(handle, &s);
	if (code) return code;
	if (algorithm != SGD_SM4_CBC) return leave(s, SDR_ALGNOTSUPPORT);
	pthread_mutex_lock(&lock);
	for (k = keys; k && (k != which || k->owner != s); k = k->next) {}
	pthread_mutex_unlock(&lock);
	if (!k || !iv || !in || n == 0 || n % 16 || !out || !length) return leave(s, SDR_INARGERR);
	return leave(s, sm4_cbc(encrypt, k->octets, iv, 0, in, n, out, length));
}

int SDF_Encrypt(void *handle, void *which, unsigned int algorithm, unsigned char *iv, unsigned char *in,
	unsigned int n, unsigned char *out, unsigned int *length) {
	return cbc(1, handle, which, algorithm, iv, in, n, out, length);
}

int SDF_Decrypt(void *handle, void *which, unsigned int algorithm, unsigned char *iv, unsigned char *in,
	unsigned int n, unsigned char *out, unsigned int *length) {
	return cbc(0, handle, which, algorithm, iv, in, n, out, length);
}
