#!/bin/sh
# Installs what the tests need and this machine lacks, each named on the screen.
# Quick and silent about the network when nothing is missing. Debian only.
#
# To add a part, add a line to the list: the file whose presence proves it (shell
# patterns allowed), the package that brings it, and what needs it.
set -eu

list='
/usr/lib/postgresql/*/bin/initdb  postgresql            the database tests: every room runs on both engines
/usr/bin/openssl                  openssl               an independent reader of keys, requests and certificates
/usr/bin/curl                     curl                  the end-to-end tests: a client nobody here wrote
/usr/bin/softhsm2-util             softhsm2              PKCS#11 tokens in software, for the tests of keys in hardware
/usr/bin/gcc                      gcc                   compiles the software SDF device of those tests
/usr/include/openssl/evp.h        libssl-dev            the SM2 arithmetic of that device, independent of ours
/usr/lib/jvm/*/bin/javac          default-jdk-headless  the end-to-end tests: BouncyCastle judges what we make
/usr/bin/ldapsearch               ldap-utils            an LDAP client nobody here wrote
/usr/sbin/slapd                   slapd                 a directory of others, which ours publishes to
/usr/bin/mvn                      maven                 fetches BouncyCastle and builds e2e/java
/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data  python3-cryptography-vectors  the certificates and lists of NIST, for the tests of path validation
/usr/bin/python3                  python3               drives Tongsuo, the other side of the TLCP tests
/usr/lib/python3/dist-packages/pip python3-pip          fetches the package that carries Tongsuo
/usr/lib/python3/dist-packages/aiosmtpd  python3-aiosmtpd  a mail server nobody here wrote, which reads what we send
/usr/lib/python3/dist-packages/icalendar python3-icalendar a reader of calendar files nobody here wrote
/usr/lib/python3/dist-packages/openpyxl  python3-openpyxl  makes and reads the workbooks of the import tests
/usr/lib/python3/dist-packages/xlsxwriter python3-xlsxwriter makes workbooks whose texts stand in a table of their own, as those of Excel do
/usr/lib/python3/dist-packages/PIL  python3-pil         makes the pictures and PDF documents of the tests of papers
/usr/share/zoneinfo/Asia/Shanghai  tzdata               the time zones by which Python judges the windows of access rules
/usr/bin/qpdf                     qpdf                  rewrites, encrypts and judges those PDF documents
/usr/sbin/nginx                   nginx-light           the proxy the gateway is measured beside
/usr/bin/chromium                 chromium              a browser: people come through the gateway with it
/usr/bin/certutil                 libnss3-tools         puts certificates into the store of that browser
/usr/sbin/ip                      iproute2              networks inside this machine, for the ways to put a gateway between people and servers
/usr/sbin/nft                     nftables              the rule of a server that only a gateway may reach
/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc  fonts-noto-cjk  what Chinese pages are drawn with
'

# present FILE-PATTERN
present() {
	for file in $1; do
		[ -e "$file" ] && return 0
	done
	return 1
}

missing=
while read -r proof package why; do
	[ -n "$proof" ] || continue
	if ! present "$proof"; then
		echo "deps: $package is missing ($why)"
		missing="$missing $package"
	fi
done <<EOF
$list
EOF

if [ -z "$missing" ]; then
	echo "deps: nothing is missing"
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "deps: run as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
for package in $missing; do
	echo "deps: installing $package"
	apt-get install -y -qq --no-install-recommends "$package" >/dev/null
done
