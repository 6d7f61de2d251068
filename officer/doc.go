// Package officer knows who may operate: which certificates are an officer's or a
// site's, which roles they have, and which role may do what.
//
// It owns the registered certificates, the one-time codes that enrol new ones, and
// the one table of rights. It verifies no certificate (serve does before it asks)
// and issues none (ca does); it judges operations, not the object they touch:
// that a registrar does not review what he registered is ra's to see.
package officer
