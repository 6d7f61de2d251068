package notice

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/pki"
)

// Channel is a way notices go: Mail, or a target of webhooks.
type Channel string

// Mail is the channel of mail.
const Mail Channel = "mail"

// Webhook is the channel of a target of webhooks, by its name.
func Webhook(target string) Channel { return Channel(webhookPrefix + target) }

const webhookPrefix = "webhook/"

// Notice is what somebody is to be told.
type Notice struct {
	// Key names the notice for ever: posted again under it, nothing happens. As
	// "expiry/30/ecdsa/01ab…", 1 to 200 letters, digits and ._:/@-; nothing personal.
	Key string
	// Kind is what it is about, as "certificate.expiry"; figures and webhooks tell it.
	Kind    string
	Channel Channel
	To      Address // of mail
	// Thread keeps the notices of one matter to one recipient in order: a later one
	// waits for an earlier one. "": it goes when it can.
	Thread    string
	NotBefore time.Time // zero: now
	Until     time.Time // after it the notice is stale and not sent; zero: never stale
	Message   Message   // of mail
	// Data is what a webhook is sent, a JSON value. Receivers are other systems: put
	// in what they need and nothing personal beyond it.
	Data json.RawMessage
}

// Message is the words of a mail. HTML may be missing.
type Message struct {
	Subject string `json:"subject"` // one line
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"` // made by html/template, or escaped otherwise
	Files   []File `json:"files,omitempty"`
}

// File is an attachment. Its name is plain ASCII, its type a media type.
type File struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content []byte `json:"content"`
}

// What a notice may hold. A mail server takes 10 MiB as a rule; a digest of many stays
// below that.
const (
	maxSubject = 200 // runes
	maxText    = 64 << 10
	maxHTML    = 128 << 10
	maxFiles   = 4
	maxFile    = 64 << 10
	maxData    = 64 << 10
)

var (
	name     = regexp.MustCompile(`^[A-Za-z0-9._:/@-]{1,200}$`)
	fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$`)
	fileType = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]+(; (charset=utf-8|method=PUBLISH)){0,2}$`)
)

// check refuses a notice that could never be sent, at the border and before the act it
// tells of is committed.
func (n Notice) check() error {
	switch {
	case !name.MatchString(n.Key):
		return pki.Errorf(pki.Invalid, "notice.key", "a notice's key must be 1 to 200 letters, digits and ._:/@-")
	case !name.MatchString(n.Kind):
		return pki.Errorf(pki.Invalid, "notice.kind", "a notice's kind must be 1 to 200 letters, digits and ._:/@-")
	case n.Thread != "" && !name.MatchString(n.Thread):
		return pki.Errorf(pki.Invalid, "notice.thread", "a notice's thread must be letters, digits and ._:/@-")
	case !n.Until.IsZero() && !n.Until.After(n.NotBefore):
		return pki.Errorf(pki.Invalid, "notice.until", "the notice would be stale before it may be sent")
	}
	if n.Channel == Mail {
		if n.Data != nil {
			return pki.Errorf(pki.Invalid, "notice.data", "data is for webhooks, a mail has a message")
		}
		if err := n.To.check(); err != nil {
			return err
		}
		return n.Message.check()
	}
	if n.To != (Address{}) || n.Message.Subject != "" || n.Message.Text != "" {
		return pki.Errorf(pki.Invalid, "notice.data", "a message is for mail, a webhook has data")
	}
	if len(n.Data) > maxData || !json.Valid(n.Data) {
		return pki.Errorf(pki.Invalid, "notice.data", "a webhook's data must be JSON of at most %d octets", maxData)
	}
	return nil
}

func (m Message) check() error {
	switch {
	case m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject || !oneLine(m.Subject):
		return pki.Errorf(pki.Invalid, "notice.subject", "a mail's subject must be one line of 1 to %d characters", maxSubject)
	case strings.TrimSpace(m.Text) == "" || len(m.Text) > maxText || !plain(m.Text):
		return pki.Errorf(pki.Invalid, "notice.text", "a mail's text must be UTF-8 without control characters, %d octets at most", maxText)
	case len(m.HTML) > maxHTML || !plain(m.HTML):
		return pki.Errorf(pki.Invalid, "notice.html", "a mail's HTML must be UTF-8 without control characters, %d octets at most", maxHTML)
	case len(m.Files) > maxFiles:
		return pki.Errorf(pki.Invalid, "notice.file", "a mail has %d attachments at most", maxFiles)
	}
	for _, f := range m.Files {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

func (f File) check() error {
	if !fileName.MatchString(f.Name) || !fileType.MatchString(f.Type) || len(f.Content) > maxFile {
		return pki.Errorf(pki.Invalid, "notice.file", "an attachment needs a plain name and a media type, and has %d octets at most", maxFile)
	}
	return nil
}

// oneLine has nothing that could end a header, nor anything nobody can see.
func oneLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || deceives(r) })
}

// plain has no control characters but line ends and tabs.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || deceives(r)
	})
}

// deceives finds line separators and what turns the direction of writing: a subject
// could otherwise show something else than it says.
func deceives(r rune) bool {
	return r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}
