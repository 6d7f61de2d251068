// Package console runs the tests of the console's pages: those of their logic, and those
// in Debian's Chromium before a running demonstration. They are written in TypeScript
// beside the pages (console/web); here each becomes a test of this repository, so that
// one report has them all and a skipped one is seen.
package console
