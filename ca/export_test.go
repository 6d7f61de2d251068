package ca

// CompareLines is compareLines of two texts, for the fuzzer.
func CompareLines(before, after string) string {
	return compareLines(linesOf([]byte(before)), linesOf([]byte(after)))
}
