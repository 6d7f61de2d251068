package ca

// ListQuery is the question List asks.
func ListQuery(f Filter) (text string, args []any) {
	tail, args := f.tail()
	return "SELECT " + orderFields + ", " + certFields + certTables + tail, args
}

// UnfinishedOrders is the question each start asks.
const UnfinishedOrders = unfinishedOrders
