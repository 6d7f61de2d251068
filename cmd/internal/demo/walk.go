package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// walk does what people do with OneCert, over the network and with OpenSSL as the
// applicant's tool, and prints each step with its time. It ends at the first
// failure.
func (t *tree) walk(ctx context.Context) error {
	session, err := wire.OpenSession(filepath.Join(t.o.Dir, "officers", "centre.issuer"), wire.SessionOptions{})
	if err != nil {
		return err
	}
	registration, err := wire.OpenSession(filepath.Join(t.o.Dir, "officers", "ra1"), wire.SessionOptions{})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(t.o.Dir, "walk-")
	if err != nil {
		return fmt.Errorf("making a folder for the walk: %w", err)
	}
	defer os.RemoveAll(dir)
	w := &walker{t: t, ca: session.CA, ra: registration.CA, dir: dir, run: time.Now().UTC().Format("20060102T150405"), issued: map[string]*ca.Issued{}}
	for _, family := range families {
		for _, o := range w.orders(family) {
			if err := w.step(o.title, func() error { return w.issueFromOpenSSL(ctx, o) }); err != nil {
				return err
			}
		}
		if err := w.journey(ctx, family); err != nil {
			return err
		}
	}
	if err := w.investigate(ctx); err != nil {
		return err
	}
	if err := w.registration(ctx); err != nil {
		return err
	}
	if err := w.counter(ctx); err != nil {
		return err
	}
	if err := w.statusSteps(ctx); err != nil {
		return err
	}
	if err := w.gatewaySteps(ctx); err != nil {
		return err
	}
	t.o.say("\nAll %d steps passed in %.1f s.", w.steps, w.took.Seconds())
	return nil
}

type walker struct {
	t      *tree
	ca     *ca.Client // as an issuer of the centre
	ra     *ca.Client // as a registration site, which gets recovered keys
	dir    string
	run    string // makes application names new at each walk
	steps  int
	took   time.Duration
	issued map[string]*ca.Issued
}

func (w *walker) step(title string, act func() error) error {
	start := time.Now()
	err := act()
	took := time.Since(start)
	w.steps++
	w.took += took
	if err != nil {
		fmt.Fprintf(w.t.o.Out, "✗ %s\n", title)
		return fmt.Errorf("%s: %w", title, err)
	}
	fmt.Fprintf(w.t.o.Out, "✓ %-66s %7.0f ms\n", title, float64(took.Microseconds())/1000)
	return nil
}

// walked is one order of the walk.
type walked struct {
	title, id, family, profile, subject string
	altName                             string
	values                              map[string]string
}

// orders are one of each kind an issuer can ask for. Sites and officers are the
// security administrator's to order; they were made at the first start.
func (w *walker) orders(family string) []walked {
	server := "device-server-tls"
	if family == "sm2" {
		server = "device-server"
	}
	unit := "/C=CN/O=示例市民政局"
	all := []walked{
		{id: "person", profile: "person-sign", subject: unit + "/CN=行走 " + w.run},
		{id: "organisation", profile: "organisation-sign", subject: "/C=CN/O=示例机构 " + w.run + "/CN=示例机构 " + w.run,
			values: map[string]string{"credit_code": "11999900MB0000000G"}},
		{id: "server", profile: server, subject: unit + "/CN=walk.localhost", altName: "DNS:walk.localhost"},
		{id: "client", profile: "device-client", subject: unit + "/CN=walk-client"},
		{id: "vpn", profile: "device-vpn", subject: unit + "/CN=vpn.localhost", altName: "DNS:vpn.localhost"},
		{id: "code", profile: "code-signing", subject: "/C=CN/O=示例软件有限公司/CN=示例软件发布 " + w.run},
		{id: "ocsp", profile: "ocsp-responder", subject: unit + "/CN=OCSP " + family},
		{id: "tsa", profile: "time-stamping", subject: unit + "/CN=TSA " + family},
	}
	for i := range all {
		all[i].family = family
		all[i].title = fmt.Sprintf("%-6s %s from an OpenSSL request", family, all[i].profile)
	}
	return all
}

var opensslKey = map[string][]string{
	"sm2": {"-algorithm", "SM2"}, "rsa": {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
	"ecdsa": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
}

func (w *walker) path(parts ...string) string { return filepath.Join(w.dir, strings.Join(parts, "-")) }

// openssl runs the applicant's tool.
func (w *walker) openssl(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "openssl", args...).CombinedOutput()
	if err != nil {
		return "", pki.Errorf(pki.Internal, "walk.openssl", "openssl %s: %.300s", strings.Join(args, " "), strings.TrimSpace(string(out))).Because(err)
	}
	return string(out), nil
}

// issueFromOpenSSL lets OpenSSL make key and request, orders, and checks what came.
func (w *walker) issueFromOpenSSL(ctx context.Context, o walked) error {
	key, request := w.path(o.family, o.id, "sign.key"), w.path(o.family, o.id, "request.pem")
	if _, err := w.openssl(ctx, append([]string{"genpkey", "-out", key}, opensslKey[o.family]...)...); err != nil {
		return err
	}
	digest := "-sha256"
	if o.family == "sm2" {
		digest = "-sm3"
	}
	args := []string{"req", "-new", "-utf8", digest, "-key", key, "-out", request, "-subj", o.subject}
	if o.altName != "" {
		args = append(args, "-addext", "subjectAltName="+o.altName)
	}
	if _, err := w.openssl(ctx, args...); err != nil {
		return err
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	issued, err := w.ca.Issue(ctx, ca.Order{Application: fmt.Sprintf("walk-%s-%s-%s", w.run, o.family, o.id), Profile: o.profile, Request: data,
		Holder: fmt.Sprintf("W-%s-%s", w.run, o.id), Values: o.values})
	if err != nil {
		return err
	}
	w.issued[o.family+"-"+o.id] = issued
	return w.checkIssued(ctx, o, issued)
}

// checkIssued writes the files and lets a tool that is not ours verify the chain.
// OpenSSL 3.0 checks SM2 chains with an empty user id, so those are read by it and
// verified by gmsm here, and by BouncyCastle in the end-to-end tests.
func (w *walker) checkIssued(ctx context.Context, o walked, issued *ca.Issued) error {
	for half, c := range map[string]*ca.Certificate{"sign": issued.Sign, "enc": issued.Encrypt} {
		if c == nil {
			continue
		}
		file := w.path(o.family, o.id, half+".pem")
		if err := os.WriteFile(file, wire.PEM(c.DER), 0o600); err != nil {
			return fmt.Errorf("writing the certificate: %w", err)
		}
		if _, err := w.openssl(ctx, "x509", "-in", file, "-noout", "-subject", "-serial"); err != nil {
			return err
		}
		if err := w.verifyChain(ctx, o.family, file, c.DER); err != nil {
			return err
		}
	}
	return nil
}
