// Package notice tells people: outgoing mail and webhooks, from an outbox in the
// component's own database.
//
// A notice is posted in the transaction of the act it tells of, so it exists exactly
// if the act does, and once for its key. A runner, one for each database, sends what
// is due, tries again what did not arrive, and says of what never will why not. Sending
// is at least once: a process killed between the receiver's yes and our commit sends
// the same notice again, octet for octet, with the same Message-ID or Idempotency-Key,
// by which the receiver knows it.
//
// The room owns the outbox, the form of mail (RFC 5322) and calendar files (RFC 5545),
// the signature of webhooks, templates in two languages, and the rule of reminders. It
// knows no certificate and no application: what is told, to whom, and in which words is
// its caller's, and so are rights, audit and the API over List, Retry and Drop.
//
// What is personal (address, words) is sealed at rest and erased some days after the
// notice ended. Keys, kinds and threads stand in the clear: callers put nothing
// personal into them.
package notice
