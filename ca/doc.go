// Package ca is the certification authority: profiles, serials, issuing a single
// certificate or a dual pair, renewing, re-issuing, modifying, holding, releasing,
// revoking, and signing CRLs.
//
// It vets nobody (ra does, and sends approved orders), it publishes nothing but
// the CRL and CA-certificate files, and it never sees a private encryption key
// (kmc seals it to the applicant). A certificate's state is status's to tell.
package ca
