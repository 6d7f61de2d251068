// Package pkitest makes throw-away things for tests and measurements only:
// databases of both engines and hierarchies of each suite. No product code
// imports it.
//
// A PostgreSQL cluster is started on demand, one a test process, and dies with it.
// What a machine lacks fails the test with the line that mends it; nothing is skipped.
package pkitest
