/*
 * The structures and numbers of the cryptographic device interface (GM/T 0018-2012,
 * GB/T 36322) that the software device of the tests needs. sizeof and offsetof are
 * asserted against vectors/sdf/layout.json, which was written before this file.
 *
 * FIELD is the length of a number in octets: 64 in the standard, 32 in the headers of
 * some makers.
 */
#ifndef SOFTSDF_SDF_H
#define SOFTSDF_SDF_H

#include <stddef.h>

#ifndef FIELD
#define FIELD 64
#endif

typedef struct {
	unsigned int bits;
	unsigned char x[FIELD], y[FIELD];
} ECCrefPublicKey;

typedef struct {
	unsigned int bits;
	unsigned char K[FIELD];
} ECCrefPrivateKey;

typedef struct {
	unsigned char x[FIELD], y[FIELD], M[32];
	unsigned int L;
	unsigned char C[];
} ECCCipher;

typedef struct {
	unsigned char r[FIELD], s[FIELD];
} ECCSignature;

typedef struct {
	unsigned char IssuerName[40], DeviceName[16], DeviceSerial[16];
	unsigned int DeviceVersion, StandardVersion, AsymAlgAbility[2], SymAlgAbility, HashAlgAbility, BufferSize;
} DEVICEINFO;

enum {
	SDR_OK = 0,
	SDR_BASE = 0x01000000,
	SDR_COMMFAIL = SDR_BASE + 0x03,
	SDR_HARDFAIL = SDR_BASE + 0x04,
	SDR_OPENDEVICE = SDR_BASE + 0x05,
	SDR_PARDENY = SDR_BASE + 0x07,
	SDR_KEYNOTEXIST = SDR_BASE + 0x08,
	SDR_ALGNOTSUPPORT = SDR_BASE + 0x09,
	SDR_SKOPERR = SDR_BASE + 0x0c,
	SDR_STEPERR = SDR_BASE + 0x10,
	SDR_KEYERR = SDR_BASE + 0x15,
	SDR_NOBUFFER = SDR_BASE + 0x1c,
	SDR_INARGERR = SDR_BASE + 0x1d,
	SDR_VENDOR_PASSWORD = 0x01010001, /* makers add numbers from here on */
	SGD_SM4_CBC = 0x402,
	SGD_SM2_1 = 0x00020200,
	SGD_SM2_3 = 0x00020800
};

#endif
