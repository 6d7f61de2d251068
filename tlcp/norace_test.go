//go:build !race

package tlcp

const spareAllocations = 0
