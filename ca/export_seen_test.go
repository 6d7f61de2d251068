package ca

// Seen reports whether what the database held at the start has been read.
func (ca *CA) Seen() bool { return ca.seen.ready.Load() }

// NeverSeen reports that an order is taken for new without asking the database.
func (ca *CA) NeverSeen(application, keyHash, holder string) bool {
	return ca.seen.never((&orderRow{application: application, keyHash: keyHash, holder: holder, onePerHolder: true}).lookedFor()...)
}

// SeenPage and SeenOrders are how it is read.
const (
	SeenPage   = seenPage
	SeenOrders = seenOrders
)
