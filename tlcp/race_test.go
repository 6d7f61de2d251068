//go:build race

package tlcp

// spareAllocations: the race detector keeps the compiler from some of its savings.
const spareAllocations = 8
