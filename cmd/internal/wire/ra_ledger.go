package wire

import (
	"context"

	"onecert/kmc"
	"onecert/pki"
	"onecert/ra"
)

// ledger is what self-service asks of a key management centre: the object, or its
// client, whose connection says which site asks.
type ledger interface {
	Ledger(ctx context.Context, holder string, q kmc.LedgerQuery) ([]kmc.Touch, error)
}

// escrow is a key management centre as holders see it.
type escrow struct{ ledger ledger }

var _ ra.Ledger = escrow{}

// Ledger implements ra.Ledger. What the law still withholds the centre does not tell;
// where it told late, the holder sees by what order.
func (e escrow) Ledger(ctx context.Context, holder string, from int64, limit int) ([]ra.Touch, error) {
	all, err := e.ledger.Ledger(ctx, holder, kmc.LedgerQuery{From: from, Limit: limit})
	if err != nil {
		return nil, err
	}
	shown := make([]ra.Touch, 0, len(all))
	for _, t := range all {
		shown = append(shown, ra.Touch{Entry: t.Entry, At: t.At, Act: t.Act, By: t.By, Certificate: t.CertNo, Result: t.Result, Reason: t.Reason, Authority: t.Authority})
	}
	return shown, nil
}

// selfConfig is what self-service needs beyond the registration.
func (p *RAProcess) selfConfig() (ra.SelfConfig, error) {
	config := ra.SelfConfig{PerSource: p.config.SelfPerSource, OldDays: p.config.SelfOldDays}
	if p.config.KMC == "" || p.identity == nil {
		return config, nil
	}
	api, err := p.caller().client(p.config.KMC)
	if err != nil {
		return config, err
	}
	centre, err := kmc.NewClient(kmc.ClientConfig{API: api, Now: p.options.now()})
	config.Ledger = escrow{centre}
	return config, err
}

// JoinKMC registers a registration's site certificate at the key management centre,
// which then tells it what was done with holders' keys.
func JoinKMC(ctx context.Context, config, code string) (Joined, error) {
	c, err := LoadRA(config)
	if err != nil {
		return Joined{}, err
	}
	if c.KMC == "" {
		return Joined{}, pki.Errorf(pki.Invalid, "config.kmc-missing", "%s names no kmc", config).To("give the address of the key management centre's API")
	}
	return c.joinAt(ctx, c.KMC, code)
}
