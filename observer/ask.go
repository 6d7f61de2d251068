package observer

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-ldap/ldap/v3"

	"onecert/verify"
)

// Most octets that are read of an answer.
const (
	mostAnswer = 1 << 20
	mostList   = 64 << 20
)

// List fetches a list.
func (o *Observer) List(ctx context.Context, address string) (*verify.CRL, error) {
	der, err := o.fetch(ctx, http.MethodGet, address, nil, mostList)
	if err != nil {
		return nil, err
	}
	return verify.ParseCRL(der)
}

// post and get ask a responder in the two ways of RFC 6960 A.1.
func (o *Observer) post(ctx context.Context, address string, request []byte) (*verify.Answer, error) {
	der, err := o.fetch(ctx, http.MethodPost, address, request, mostAnswer)
	if err != nil {
		return nil, err
	}
	return verify.ParseAnswer(der)
}

func (o *Observer) get(ctx context.Context, address string, request []byte) (*verify.Answer, error) {
	der, err := o.fetch(ctx, http.MethodGet, address+"/"+url.PathEscape(base64.StdEncoding.EncodeToString(request)), nil, mostAnswer)
	if err != nil {
		return nil, err
	}
	return verify.ParseAnswer(der)
}

func (o *Observer) fetch(ctx context.Context, method, address string, body []byte, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/ocsp-request")
	}
	r.Header.Set("Cache-Control", "no-cache") // a cache between would hide what we look for
	answer, err := o.cfg.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s answers %s", method, address, answer.Status)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("%s answers with more than %d octets", address, most)
	}
	return content, err
}

// listsOnly is a source that knows no responder, so that lists must do.
type listsOnly struct{ o *Observer }

// List implements verify.Source.
func (l listsOnly) List(ctx context.Context, address string) (*verify.CRL, error) {
	return l.o.List(ctx, address)
}

// Answer implements verify.Source.
func (l listsOnly) Answer(context.Context, string, []byte) (*verify.Answer, error) {
	return nil, errors.New("only lists are asked for")
}

// directoryLists reads all lists below an issuer in the directory.
func directoryLists(ctx context.Context, c Canary) ([]*verify.CRL, error) {
	conn, err := ldap.DialURL(c.Directory, ldap.DialWithDialer(&net.Dialer{Timeout: askTime}))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetTimeout(askTime)
	found, err := conn.Search(ldap.NewSearchRequest("cn="+ldap.EscapeDN(c.Issuer)+",ou=issuers,"+c.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		0, int(askTime/time.Second), false, "(objectClass=*)", []string{"certificateRevocationList;binary", "deltaRevocationList;binary"}, nil))
	if err != nil {
		return nil, err
	}
	var lists []*verify.CRL
	for _, entry := range found.Entries {
		for _, attribute := range entry.Attributes {
			for _, der := range attribute.ByteValues {
				list, err := verify.ParseCRL(der)
				if err != nil {
					return nil, fmt.Errorf("a list in the directory: %w", err)
				}
				lists = append(lists, list)
			}
		}
	}
	return lists, ctx.Err()
}
