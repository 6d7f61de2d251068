package verify

// Limits on what one question may cost, whatever it holds.
const (
	maxCertificates = 1000    // intermediates, and roots
	maxLists        = 1000    // lists, and answers
	maxDepth        = 10      // certificates in a path
	maxSignatures   = 100     // checked altogether
	maxSteps        = 20_000  // certificates looked at while searching
	maxCompared     = 500_000 // names held against constraints
	maxPaths        = 32      // paths to an anchor that are judged
	maxFetches      = 24
)

// budget is what is left to spend on a question.
type budget struct {
	signatures, steps, compared, paths, fetches int
	exhausted                                   bool
}

func (b *budget) spend(counter *int, n, limit int) bool {
	if *counter+n > limit {
		b.exhausted = true
		return false
	}
	*counter += n
	return true
}

func (b *budget) signature() bool    { return b.spend(&b.signatures, 1, maxSignatures) }
func (b *budget) step() bool         { return b.spend(&b.steps, 1, maxSteps) }
func (b *budget) compare(n int) bool { return b.spend(&b.compared, n, maxCompared) }
func (b *budget) path() bool         { return b.spend(&b.paths, 1, maxPaths) }
func (b *budget) fetch() bool        { return b.spend(&b.fetches, 1, maxFetches) }

// MaxDepth is how many CAs may stand between a certificate and its anchor at most.
const MaxDepth = maxDepth - 2
