package ca

import (
	"context"
	"errors"
	"onecert/officer"

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

// Operation is what who acts on certificates of a kind must be allowed to do.
func (k Kind) Operation(act officer.Operation) officer.Operation { return k.operation(act) }
