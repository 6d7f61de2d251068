// Package officer knows who may operate: which certificates are an officer's or a
// site's, which roles they have, which role may do what, and what more than one
// person has to want.
//
// It owns the registered certificates, the one-time codes that enrol new ones, the
// one table of rights, and the proposals of acts with those who agreed to them. It
// verifies no certificate (serve does before it asks) and issues none (ca does); it
// judges operations, not the object they touch: that a registrar does not review
// what he registered is ra's to see, and what a proposal is about is known to the
// room that carries it out.
package officer
