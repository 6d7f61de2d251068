package wire

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onecert/notice"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// NoticesFile says how holders are told what happens to their applications and when
// their certificates end (docs/notices.md).
type NoticesFile struct {
	// Key is a file of 64 hexadecimal digits that seals addresses and words; it is made
	// at the first start.
	Key      string        `yaml:"key_file"`
	Mail     *MailFile     `yaml:"mail,omitempty"`
	Webhooks []WebhookFile `yaml:"webhooks,omitempty"`
	// Site is the address of self-service, for the mails.
	Site string `yaml:"site,omitempty"`
}

// MailFile is the server that takes our mail.
type MailFile struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port,omitempty"`
	Security string `yaml:"security,omitempty"` // starttls (the default), tls, or plain to this machine
	Trust    string `yaml:"trust,omitempty"`    // a PEM file of roots; without it the system's
	User     string `yaml:"user,omitempty"`
	Password string `yaml:"password_file,omitempty"`
	From     string `yaml:"from"` // 名称 <notice@ca.example>
}

// WebhookFile is a system that hears of changes. Target "sms" gets the codes for phones.
type WebhookFile struct {
	Name   string `yaml:"name"`
	URL    string `yaml:"url"`
	Secret string `yaml:"secret_file"` // of the signature: 64 hexadecimal digits or more
	MAC    string `yaml:"mac,omitempty"`
	Trust  string `yaml:"trust,omitempty"`
	// Allow are networks to send to although they are denied as a rule, such as
	// 127.0.0.0/8 for a gateway on this machine.
	Allow []string `yaml:"allow,omitempty"`
}

// smsTarget carries codes to phones; it hears of nothing else.
const smsTarget = "sms"

func (n *NoticesFile) check(path string) error {
	if n == nil {
		return nil
	}
	if n.Key == "" || n.Mail == nil && len(n.Webhooks) == 0 {
		return pki.Errorf(pki.Invalid, "config.notices", "%s: notices need key_file, and mail or webhooks", path)
	}
	if m := n.Mail; m != nil && (m.Host == "" || m.From == "" || (m.User == "") != (m.Password == "")) {
		return pki.Errorf(pki.Invalid, "config.notices", "%s: notices.mail needs host and from, and user and password_file together or not at all", path)
	}
	for _, w := range n.Webhooks {
		if w.Name == "" || w.URL == "" || w.Secret == "" {
			return pki.Errorf(pki.Invalid, "config.notices", "%s: each of notices.webhooks needs name, url and secret_file", path)
		}
	}
	return nil
}

// outbox opens the outbox in the registration's database; nil where nobody is told.
func (p *RAProcess) outbox(ctx context.Context) (*notice.Outbox, error) {
	n := p.config.Notices
	if n == nil {
		return nil, nil
	}
	secret, err := keptSecret(p.config.Path(n.Key))
	if err != nil {
		return nil, err
	}
	config := notice.Config{DB: p.database, Keys: []notice.Key{{Cipher: notice.SM4, Secret: secret}}, Random: p.options.Random, Now: p.options.now(), Log: p.options.log()}
	if config.SMTP, err = n.Mail.open(p.config); err != nil {
		return nil, err
	}
	for _, w := range n.Webhooks {
		target, err := w.open(p.config)
		if err != nil {
			return nil, err
		}
		config.Targets = append(config.Targets, target)
	}
	return notice.Open(ctx, config)
}

// told is what the registration gets of it.
func (n *NoticesFile) told(outbox *notice.Outbox) (t ra.Notices) {
	if outbox == nil {
		return t
	}
	t.Outbox, t.Site = outbox, n.Site
	for _, w := range n.Webhooks {
		if w.Name != smsTarget {
			t.Webhooks = append(t.Webhooks, w.Name)
		}
	}
	return t
}

func (m *MailFile) open(c *RA) (*notice.SMTP, error) {
	if m == nil {
		return nil, nil
	}
	from, err := notice.ParseAddress(m.From)
	if err != nil {
		return nil, err
	}
	s := &notice.SMTP{Host: m.Host, Port: m.Port, Security: notice.Security(m.Security), User: m.User, From: from}
	if s.Security == "" {
		s.Security = notice.STARTTLS
	}
	if m.Password != "" {
		s.PasswordFile = c.Path(m.Password)
	}
	s.Roots, err = rootsFile(c, m.Trust)
	return s, err
}

func (w WebhookFile) open(c *RA) (notice.Target, error) {
	secret, err := hexFile(c.Path(w.Secret))
	if err != nil {
		return notice.Target{}, err
	}
	t := notice.Target{Name: w.Name, URL: w.URL, MAC: notice.MAC(w.MAC), Secret: secret}
	for _, text := range w.Allow {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return t, pki.Errorf(pki.Invalid, "config.notices", "%.40q in allow of webhook %s is no network", text, w.Name).To("write it like 127.0.0.0/8")
		}
		t.Allow = append(t.Allow, network)
	}
	t.Roots, err = rootsFile(c, w.Trust)
	return t, err
}

// rootsFile reads whom to trust; nil means the system's.
func rootsFile(c *RA, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Path(path))
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", c.Path(path)).Because(err)
	}
	return TrustPool(text)
}

func hexFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.secret", "the secret file %s cannot be read", path).Because(err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < 32 {
		return nil, pki.Errorf(pki.Invalid, "config.secret", "the secret file %s does not hold 64 hexadecimal digits or more", path).
			To("make one: 'openssl rand -hex 32'")
	}
	return secret, nil
}

// keptSecret reads the secret of a file, which it makes if it is missing.
func keptSecret(path string) ([]byte, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return hexFile(path)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("drawing a secret: %w", err)
	}
	if err := ReplaceFile(filepath.Clean(path), []byte(hex.EncodeToString(secret)+"\n"), 0o600); err != nil {
		return nil, err
	}
	return secret, nil
}

// keepTelling sends what is due and posts reminders until ctx ends.
func (p *RAProcess) keepTelling(ctx context.Context) {
	if p.box == nil {
		return
	}
	go p.RunReminders(ctx)
	go func() {
		if err := p.box.Run(ctx); err != nil && ctx.Err() == nil {
			p.options.log().Error("the outbox ended; nobody is told any more", "error", err)
		}
	}()
}

// boxHealth says how the outbox stands: mail that waits for an hour asks for a look.
func (p *RAProcess) boxHealth(ctx context.Context) []serve.Item {
	if p.box == nil {
		return nil
	}
	h, err := p.box.Health(ctx)
	if err != nil {
		return []serve.Item{{Name: "notices", Level: serve.Failing, Says: "notices.unknown"}}
	}
	item := serve.Item{Name: "notices", Level: serve.Fine, Says: "notices.sent", Value: h.Oldest.Seconds(), Unit: "seconds", Metric: "notice_oldest_seconds"}
	if h.Oldest > time.Hour || len(h.Failing) > 0 || h.Failed > 0 {
		item.Level, item.Says = serve.Warning, "notices.wait"
	}
	return []serve.Item{item}
}
