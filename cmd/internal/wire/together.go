package wire

import (
	"context"
	"errors"

	"onecert/pki"
	"onecert/serve"
)

// Together is a CA and its KMC in one process: the same components with the same
// listeners, databases and logs, joined without a network between them. Whatever the
// CA's configuration says of a way to a KMC, this one is it.
type Together struct {
	CA  *CAProcess
	KMC *KMCProcess
}

// OpenTogether opens both. Good of a certificate is asked in the CA's journal.
func OpenTogether(ctx context.Context, authority *CA, centre *KMC, options Options) (*Together, error) {
	t := &Together{}
	options.Good = func(ctx context.Context, asked Asked) error {
		if t.CA == nil {
			return pki.Errorf(pki.Unavailable, "officer.status", "nobody can say now whether this certificate is good").To("the CA is just starting; try again")
		}
		return t.CA.Good(ctx, asked)
	}
	var err error
	if t.KMC, err = OpenKMC(ctx, centre, options); err != nil {
		return nil, err
	}
	options.KMC = InProcess{Centre: t.KMC, Name: centre.caName()}
	if t.CA, err = OpenCA(ctx, authority, options); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// caName is the name the CA has at the KMC, under which its keys are kept: that of the
// one peer configured, so that a later start on two machines finds them.
func (c *KMC) caName() string {
	if len(c.Peers) == 1 {
		return sortedKeys(c.Peers)[0]
	}
	return "ca"
}

// Servers are the listeners of both.
func (t *Together) Servers(ctx context.Context) ([]serve.Server, error) {
	authority, err := t.CA.Servers(ctx)
	if err != nil {
		return nil, err
	}
	centre, err := t.KMC.Servers(ctx)
	return append(authority, centre...), err
}

// Close ends both, the CA first.
func (t *Together) Close() error {
	var errs [2]error
	if t.CA != nil {
		errs[0] = t.CA.Close()
	}
	if t.KMC != nil {
		errs[1] = t.KMC.Close()
	}
	return errors.Join(errs[:]...)
}
