package ca

import (
	"context"
	"errors"

	"onecert/pki"
)

// CompareLines is compareLines of two texts, for the fuzzer.
func CompareLines(before, after string) string {
	return compareLines(linesOf([]byte(before)), linesOf([]byte(after)))
}

// KeepOnce is one round of KeepCRLs.
func (ca *CA) KeepOnce(ctx context.Context) error {
	var all error
	for _, i := range ca.cfg.Issuers {
		_, err := ca.keepCRL(ctx, i, pki.Actor{Name: "ca"})
		all = errors.Join(all, err)
	}
	return all
}

// Sweep compares an issuer's entries with the table.
func (ca *CA) Sweep(ctx context.Context, issuer string) error {
	return ca.sweep(ctx, ca.issuers[issuer])
}
